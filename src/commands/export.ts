import type { Writable } from 'node:stream';
import { HoldfastError } from '../shared/errors.ts';
import { bytes, count, id } from '../view/value.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { choice, list, required, text } from './field.ts';
import { writeFileWhole } from './parts/output-file.ts';
import { snapshotField } from './parts/snapshot-field.ts';

const FORMATS = ['tar', 'tar.gz', 'tar.zst'] as const;
type Format = (typeof FORMATS)[number];

interface ExportResult {
  snapshot: string;
  output: string;
  format: Format;
  files: number;
  bytes: number;
  warnings: string[];
}

const STANDARD_OUTPUT = '-';

const SUFFIXES: readonly (readonly [RegExp, Format])[] = [
  [/\.(tar\.gz|tgz)$/i, 'tar.gz'],
  [/\.(tar\.zst|tzst)$/i, 'tar.zst'],
  [/\.tar$/i, 'tar'],
];

function formatOf(output: string): Format {
  if (output === STANDARD_OUTPUT) return 'tar';
  const found = SUFFIXES.find(([suffix]) => suffix.test(output))?.[1];
  if (found !== undefined) return found;
  throw new HoldfastError('usage', `${output} does not end in .tar, .tar.gz or .tar.zst`, {
    advice: 'Choose such a name, or say which it is with --format.',
  });
}

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a snapshot as a tar archive that any tar opens',
  examples: ['export latest --output app.tar.zst', 'export latest --output - | tar -tv'],
  input: {
    backup: required(snapshotField),
    output: required(
      text('File to write, or - for standard output', { short: 'o', placeholder: 'FILE', completes: 'local-path' }),
    ),
    format: choice('Format; taken from the name unless given, and tar on standard output', FORMATS),
    path: list('Only this path of the snapshot; may be repeated', { placeholder: 'PATH', completes: 'snapshot-path' }),
  },
  access: 'owner',
  destructive: false,
  json: {
    snapshot: 'ID of the snapshot',
    output: 'the file',
    format: '`tar`, `tar.gz` or `tar.zst`',
    files: 'number of files written',
    bytes: 'bytes of their content',
    warnings: 'array of strings',
  },
  async run(context, input): Promise<ExportResult> {
    const format = input.format ?? formatOf(input.output);
    const repository = await context.repository();
    const { id: snapshot } = await repository.find(input.backup);
    const options = { format, ...(input.path.length > 0 && { paths: input.path }) };
    const write = (output: Writable) => repository.exportTar(snapshot, output, options, context);
    const toPipe = input.output === STANDARD_OUTPUT;
    const written = await (toPipe ? write(context.standardOutput()) : writeFileWhole(input.output, write));
    return { ...written, output: input.output, format };
  },
  present: ({ snapshot, output, files, bytes: size }) =>
    good(
      'Exported ',
      id(snapshot),
      ` to ${output === STANDARD_OUTPUT ? 'standard output' : output}: `,
      count(files, 'file'),
      ', ',
      bytes(size),
    ),
});
