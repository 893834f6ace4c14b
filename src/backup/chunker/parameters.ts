import { HoldfastError } from '../../shared/errors.ts';

/** Cut where the content says so: `averageBytes` is a power of two, minBytes <= averageBytes <= maxBytes. */
export interface ContentCuts {
  kind: 'content';
  minBytes: number;
  averageBytes: number;
  maxBytes: number;
}

/** Cut every `sizeBytes`, counted from the start of the content. */
export interface FixedCuts {
  kind: 'fixed';
  sizeBytes: number;
}

export type ChunkerParameters = ContentCuts | FixedCuts;

/** No chunk is longer: readers size their buffers by it. */
const LARGEST_CHUNK_BYTES = 8 * 1024 * 1024;

/** The hash looks back this many bytes, so a chunk has to hold as many before it may be cut. */
export const WINDOW_BYTES = 64;

/** What the kinds of sources use. */
export const CHUNKER_PROFILES = {
  general: { kind: 'content', minBytes: 131_072, averageBytes: 524_288, maxBytes: 4_194_304 },
  media: { kind: 'content', minBytes: 524_288, averageBytes: 2_097_152, maxBytes: 8_388_608 },
  dump: { kind: 'content', minBytes: 16_384, averageBytes: 65_536, maxBytes: 524_288 },
  database: { kind: 'fixed', sizeBytes: 32_768 },
} as const satisfies Record<string, ChunkerParameters>;

/** Throws HoldfastError `config` where the parameters cannot be cut by. */
export function checkParameters(parameters: ChunkerParameters): void {
  const sizes =
    parameters.kind === 'fixed'
      ? [1, parameters.sizeBytes, LARGEST_CHUNK_BYTES]
      : [WINDOW_BYTES, parameters.minBytes, parameters.averageBytes, parameters.maxBytes, LARGEST_CHUNK_BYTES];
  const ascending = sizes.every((size, i) => Number.isSafeInteger(size) && size >= (sizes[i - 1] ?? 0));
  const rounded = parameters.kind === 'fixed' || Number.isInteger(Math.log2(parameters.averageBytes));
  if (ascending && rounded) return;
  throw new HoldfastError('config', `Chunk sizes cannot be used: ${JSON.stringify(parameters)}.`, {
    advice:
      'Give whole bytes: a fixed size from 1 to 8388608, or 64 <= minimum <= average <= maximum <= 8388608 with a power of two as the average.',
  });
}
