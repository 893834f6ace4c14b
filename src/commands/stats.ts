import type { RepositoryStats } from '../backup/types.ts';
import { bytes, count, share, type Value } from '../view/value.ts';
import { defineCommand } from './command.ts';

/** What is left of `whole`, so that less is better and nobody has to know which way a ratio is meant. */
const left = (part: number, whole: number, of: string): Value[] =>
  whole > 0 ? [', ', share(part / whole), ` of ${of}`] : [];

export const stats = defineCommand({
  name: 'stats',
  summary: 'Tell how large the repository is and what deduplication and compression save',
  input: {},
  access: 'owner',
  destructive: false,
  json: {
    location: 'where the repository is',
    id: 'ID of the repository',
    fingerprint: 'fingerprint of its keys',
    formatVersion: 'version of the repository format',
    snapshots: 'number of snapshots',
    packs: 'number of packs',
    packBytes: 'bytes of all packs',
    chunks: 'number of different chunks',
    chunkBytes: 'bytes of all different chunks before compression',
    logicalBytes: 'bytes of the content of all snapshots together',
    indexRuns: 'number of index runs',
    indexBytes: 'bytes of all index runs',
    compressionRatio: 'packBytes / chunkBytes',
    deduplicationRatio: 'logicalBytes / chunkBytes',
    freeBytes: 'free bytes where the repository is, or null',
  },
  run: async (context): Promise<RepositoryStats> => (await context.repository()).stats(),
  present: (all) => ({
    kind: 'fields',
    fields: [
      ['Repository', all.location],
      ['ID', all.id],
      ['Fingerprint', all.fingerprint],
      ['Format', `version ${all.formatVersion}`],
      ['Snapshots', [count(all.snapshots, 'snapshot'), ', ', bytes(all.logicalBytes), ' of content']],
      [
        'Without repetitions',
        [
          count(all.chunks, 'chunk'),
          ', ',
          bytes(all.chunkBytes),
          ...left(all.chunkBytes, all.logicalBytes, 'the content'),
        ],
      ],
      [
        'Compressed',
        [count(all.packs, 'pack'), ', ', bytes(all.packBytes), ...left(all.packBytes, all.chunkBytes, 'that')],
      ],
      ['Index', [count(all.indexRuns, 'run'), ', ', bytes(all.indexBytes)]],
      ['Free', all.freeBytes === null ? 'unknown' : bytes(all.freeBytes)],
    ],
  }),
});
