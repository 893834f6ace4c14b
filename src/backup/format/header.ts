import { HoldfastError } from '../../shared/errors.ts';

/** `holdfast.json` (docs/FORMAT.md section 2): the only plain object that a reader needs. */
export interface Header {
  /** 32 bytes. */
  repositoryId: Buffer;
  created: string;
  /** The exact bytes, which every key slot repeats. */
  bytes: Buffer;
}

export const HEADER_NAME = 'holdfast.json';
const MAX_BYTES = 4096;

export function encodeHeader(repositoryId: Buffer, created: string): Header {
  const fields = { format: 'holdfast', version: 1, id: repositoryId.toString('hex'), created };
  return { repositoryId, created, bytes: Buffer.from(`${JSON.stringify(fields)}\n`, 'utf8') };
}

/** Throws `damaged` for anything that is no header, `unsupported_version` for one of a newer format. */
export function parseHeader(bytes: Buffer): Header {
  const fields = bytes.length <= MAX_BYTES ? parseJson(bytes) : undefined;
  if (fields === undefined || fields['format'] !== 'holdfast' || typeof fields['version'] !== 'number') {
    throw new HoldfastError('damaged', `${HEADER_NAME} is not the header of a Holdfast repository`);
  }
  if (fields['version'] !== 1) {
    throw new HoldfastError(
      'unsupported_version',
      `The repository has format version ${fields['version']}; this program knows version 1.`,
      { advice: 'Use a newer Holdfast.' },
    );
  }
  const id = fields['id'];
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) {
    throw new HoldfastError('damaged', `${HEADER_NAME} holds no repository ID`);
  }
  const created = typeof fields['created'] === 'string' ? fields['created'] : '';
  return { repositoryId: Buffer.from(id, 'hex'), created, bytes };
}

function parseJson(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
