import { count, duration } from '../view/value.ts';
import { good, hint, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';

interface RepairResult {
  packs: number;
  chunks: number;
  salvaged: string[];
  damaged: string[];
  durationMs: number;
}

export const repairIndex = defineCommand({
  name: 'repair index',
  summary: 'Build the index again from the packs',
  details: [
    'Also put back: whatever has a good copy elsewhere, such as the header or one half of a note. Where a check has found damage, all packs are read. Damaged ones are set aside: the next backup stores again what the source still has of them, and a prune after the grace removes them.',
  ],
  input: {},
  access: 'owner',
  destructive: false,
  json: {
    packs: 'number of packs indexed',
    chunks: 'number of chunks indexed',
    salvaged: 'packs whose table was rebuilt by walking through them',
    damaged: 'packs that could not be read',
    durationMs: 'how long it took',
  },
  run: async (context): Promise<RepairResult> => (await context.repository()).repairIndex(context),
  present: ({ packs, chunks, salvaged, damaged, durationMs }) =>
    stack(
      good('Indexed ', count(packs, 'pack'), ' with ', count(chunks, 'chunk')),
      salvaged.length > 0
        ? { kind: 'list', items: salvaged.map((pack) => `salvaged: ${pack}`), tone: 'warning' }
        : undefined,
      damaged.length > 0 ? { kind: 'list', items: damaged.map((pack) => `damaged: ${pack}`), tone: 'bad' } : undefined,
      hint('Took ', duration(durationMs)),
    ),
  outcome: ({ damaged }) => (damaged.length > 0 ? 'damaged' : undefined),
});
