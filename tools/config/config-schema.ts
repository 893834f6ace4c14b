// Writes config/holdfast.schema.json from the schema: `node tools/config/config-schema.ts`.
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../../src/config/json-schema.ts';

/** The file as it should be. */
export function currentSchema(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

export const schemaFile = new URL('../../config/holdfast.schema.json', import.meta.url);

if (import.meta.main) writeFileSync(schemaFile, currentSchema());
