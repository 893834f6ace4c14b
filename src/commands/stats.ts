import type { RepositoryStats } from '../backup/types.ts';
import { bytes, count } from '../view/value.ts';
import { defineCommand } from './command.ts';

const ratio = (value: number): string => `${value.toFixed(2)}`;

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
        'Different',
        [count(all.chunks, 'chunk'), ', ', bytes(all.chunkBytes), `, deduplication ${ratio(all.deduplicationRatio)}`],
      ],
      [
        'Stored',
        [count(all.packs, 'pack'), ', ', bytes(all.packBytes), `, compression ${ratio(all.compressionRatio)}`],
      ],
      ['Index', [count(all.indexRuns, 'run'), ', ', bytes(all.indexBytes)]],
      ['Free', all.freeBytes === null ? 'unknown' : bytes(all.freeBytes)],
    ],
  }),
});
