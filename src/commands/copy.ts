import { bytes, count, duration } from '../view/value.ts';
import { good, hint, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { list, required, text } from './field.ts';
import { filterFields } from './parts/filter-fields.ts';

interface CopyResult {
  copied: { from: string; to: string }[];
  skipped: string[];
  bytesStored: number;
  durationMs: number;
}

export const copy = defineCommand({
  name: 'copy',
  summary: 'Copy snapshots into another repository, under its own keys',
  details: [
    'The other passphrase comes from --to-password-file, HOLDFAST_TO_PASSWORD_FILE, HOLDFAST_TO_PASSWORD, or a prompt on a terminal; else the same passphrase is tried. Snapshots that are there already are skipped.',
  ],
  examples: ['copy --to /mnt/second', 'copy latest --to /mnt/second --to-password-file second.pass'],
  input: {
    snapshots: list('Snapshots to copy; all unless given', { position: 'ID', completes: 'snapshot' }),
    to: required(text('The other repository', { placeholder: 'REPO', completes: 'local-path' })),
    toPasswordFile: text('File that holds the other passphrase', { placeholder: 'FILE', completes: 'local-path' }),
    tag: filterFields.tag,
    source: filterFields.source,
    host: filterFields.host,
  },
  access: 'owner',
  destructive: false,
  json: {
    copied: 'array of `{from, to}`: IDs here and there',
    skipped: 'IDs of the snapshots that were there already',
    bytesStored: 'bytes that it took in the other repository',
    durationMs: 'how long it took',
  },
  async run(context, { snapshots, to, toPasswordFile, ...filter }): Promise<CopyResult> {
    const repository = await context.repository();
    const other = await context.otherRepository(to, toPasswordFile);
    const chosen = snapshots.length > 0 ? snapshots : (await repository.list(filter)).map(({ id }) => id);
    return repository.copy(chosen, other, context);
  },
  present: ({ copied, skipped, bytesStored, durationMs }) =>
    stack(
      good('Copied ', count(copied.length, 'snapshot'), ', ', bytes(bytesStored), ' stored'),
      skipped.length > 0 ? hint(count(skipped.length, 'snapshot'), ' skipped: there already') : undefined,
      hint('Took ', duration(durationMs)),
    ),
});
