import { collectRunbook, type RunbookSetting } from '../runbook/collect.ts';
import type { RunbookFacts } from '../runbook/facts.ts';
import { renderRunbook } from '../runbook/page.ts';
import { good, type View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { flag, text } from './field.ts';
import { writeFileWhole } from './parts/output-file.ts';

interface RunbookResult {
  facts: RunbookFacts;
  page: string;
  /** Null where it was not written to a file. */
  output: string | null;
}

/** Where nothing is configured, the backups tell what there is. */
const UNCONFIGURED: RunbookSetting = { program: 'Holdfast', host: undefined, contacts: [], sources: undefined };

async function* once(page: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(page);
}

function present({ page, output }: RunbookResult): View {
  if (output !== null) return good(`Wrote the runbook to ${output}`);
  return { kind: 'file', name: 'runbook.html', content: once(page) };
}

export const runbook = defineCommand({
  name: 'runbook',
  summary: 'Give the page that leads somebody through a recovery, also without Holdfast',
  details: [
    'It is one HTML file that needs no network: what is protected, where the copies are, and the exact commands. Print it, and keep it where the machine is not.',
  ],
  examples: ['runbook --output runbook.html'],
  chat: { examples: ['runbook', 'runbook reduced:yes'] },
  input: {
    output: text('File to write; standard output unless given', {
      short: 'o',
      placeholder: 'FILE',
      completes: 'local-path',
      on: 'shell',
    }),
    reduced: flag('Name no machines, folders or people, for places that others can read'),
  },
  access: 'owner',
  destructive: false,
  json: {
    facts:
      'what the page tells: `generated`, `program`, `repository` (`location`, `id`, `fingerprint`, `rescue`), `host`, `sources` (each with `name`, `paths`, `schedules`, `retention`, `newest`, `newestVerified`), `contacts`',
    page: 'the page as HTML',
    output: 'the file that was written, or null',
  },
  async run(context, { output, reduced }): Promise<RunbookResult> {
    const repository = await context.repository();
    const facts = await collectRunbook(repository, context.runbook?.() ?? UNCONFIGURED, context.now());
    const page = renderRunbook(facts, reduced ? 'reduced' : 'full');
    if (output !== undefined) await writeFileWhole(output, async (file) => void file.write(page));
    return { facts, page, output: output ?? null };
  },
  present,
});
