import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The shape of a configuration as JSON Schema (draft 2020-12), for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
}

/** The keys that may be written at a path; none where any may. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let node: SchemaNode | undefined = configJsonSchema() as SchemaNode;
  for (const step of path) {
    const named: SchemaNode | undefined = node?.properties?.[String(step)];
    const other: SchemaNode | undefined =
      typeof node?.additionalProperties === 'object' ? node.additionalProperties : node?.items;
    node = named ?? other;
  }
  return Object.keys(node?.properties ?? {});
}
