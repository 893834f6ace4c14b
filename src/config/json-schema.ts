import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The shape of a configuration as JSON Schema (draft 2020-12), for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  propertyNames?: { enum?: readonly string[] };
  items?: SchemaNode;
  anyOf?: SchemaNode[];
}

/** The keys that may be written at a path; none where any may. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  const found = path.reduce(
    (nodes, step) => nodes.flatMap((node) => childrenOf(node, step)),
    [configJsonSchema() as SchemaNode],
  );
  return found
    .flatMap(shapesOf)
    .flatMap(({ properties, propertyNames }) => [...Object.keys(properties ?? {}), ...(propertyNames?.enum ?? [])]);
}

function childrenOf(node: SchemaNode, step: PropertyKey): SchemaNode[] {
  return shapesOf(node).flatMap(({ properties, additionalProperties, items }) => {
    const other = typeof additionalProperties === 'object' ? additionalProperties : items;
    return properties?.[String(step)] ?? other ?? [];
  });
}

/** What may stand in a place: one shape or several. */
const shapesOf = (node: SchemaNode): SchemaNode[] => [node, ...(node.anyOf ?? []).flatMap(shapesOf)];
