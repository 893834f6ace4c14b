import type { SnapshotSummary } from '../backup/types.ts';
import { defineCommand } from './command.ts';
import { flag } from './field.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';
import { withKept } from './parts/retention.ts';
import { chooseSnapshot, snapshotField } from './parts/snapshot-field.ts';
import { snapshotFields } from './parts/snapshot-view.ts';

type ShowResult = SnapshotSummary | { id: string; sha256sums: AsyncIterable<Buffer> };

export const show = defineCommand({
  name: 'show',
  summary: 'Show everything about one snapshot',
  details: ['With --sha256sums, print the checksum of every file instead, as `sha256sum -c` reads it.'],
  examples: ['show latest', 'show 4f07a1c2 --sha256sums > sums; (cd /restored && sha256sum -c sums)'],
  chat: {
    details: ['With sha256sums the answer is a file with the checksum of every file, as `sha256sum -c` reads it.'],
    examples: ['show latest', 'show 4f07a1c2 sha256sums:yes'],
  },
  input: {
    backup: snapshotField,
    sha256sums: flag('Print the SHA-256 of every file in the format of sha256sum'),
  },
  access: 'owner',
  destructive: false,
  json: {
    ...JSON_SHAPES.Snapshot,
    sha256sums:
      'with --sha256sums, besides `id` the only property: the lines as an array of strings (names that are not UTF-8 are exact only without --json)',
  },
  async run(context, input): Promise<ShowResult> {
    const repository = await context.repository();
    const wanted = await repository.find(chooseSnapshot(context, input.backup));
    if (input.sha256sums) return { id: wanted.id, sha256sums: repository.sha256sums(wanted.id) };
    return withKept(context, repository, wanted);
  },
  present(result) {
    if (!('sha256sums' in result)) return snapshotFields(result);
    return { kind: 'file', name: `${result.id.slice(0, 8)}.sha256`, content: result.sha256sums };
  },
});
