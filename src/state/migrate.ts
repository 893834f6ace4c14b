import { HoldfastError } from '../shared/errors.ts';
import { STATE_SCHEMA, type StateDocument } from './document.ts';
import { emptyUnattended } from './unattended-records.ts';

type Document = Record<string, unknown>;

/** What makes a document of version N one of N + 1, by N. */
const STEPS: Readonly<Record<number, (document: Document) => Document>> = {
  1: (document) => ({ ...document, unattended: emptyUnattended() }),
};

/**
 * A state document of this version or an earlier one, as one of this version; undefined where it is none.
 *
 * @throws HoldfastError `unsupported_version` where a later program wrote it
 */
export function migrate(content: unknown): StateDocument | undefined {
  if (typeof content !== 'object' || content === null) return undefined;
  let document = content as Document;
  const { schema } = document;
  if (typeof schema !== 'number') return undefined;
  if (schema > STATE_SCHEMA) {
    throw new HoldfastError(
      'unsupported_version',
      `The state is of version ${schema}, and this program knows ${STATE_SCHEMA}`,
      { advice: 'Use the newer program, or another state folder.' },
    );
  }
  for (let version = schema; version < STATE_SCHEMA; version++) {
    const step = STEPS[version];
    if (step === undefined) return undefined;
    document = { ...step(document), schema: version + 1 };
  }
  return document as unknown as StateDocument;
}
