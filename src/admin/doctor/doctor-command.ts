import type { LocalCommand } from '../../cli/host.ts';
import { flag } from '../../commands/field.ts';
import { count } from '../../view/value.ts';
import { bad, good, stack, type Tone, type View, warning } from '../../view/view.ts';
import { configFile } from '../config-file.ts';
import { type PrintingHost, print } from '../print.ts';
import type { DoctorHost } from './examine.ts';
import type { Finding } from './finding.ts';

const EXITS: Readonly<Record<Finding['status'], number>> = { ok: 0, warning: 3, problem: 1 };
const TONES: Readonly<Record<Finding['status'], Tone>> = { ok: 'good', warning: 'warning', problem: 'bad' };

/** `holdfast doctor`: says what is wrong with a bot's surroundings, and what to do about it. */
export function createDoctorCommand(
  host: PrintingHost & Pick<DoctorHost, 'environment'>,
  parts: () => Promise<DoctorHost>,
): LocalCommand {
  return {
    name: 'doctor',
    summary: 'Look at everything that a bot needs, from its configuration to its channels, and say what to mend',
    details: [
      'Every finding is ok, a warning or a problem, with what to do. Exit status 0 where all is well, 3 with warnings, 1 with problems. It may run beside a bot.',
      'In each channel of `notify` a test message is posted and deleted again at once; `--no-post` only looks whether the bot may post.',
      'With `--json`: `{file, status, findings}`, `findings` an array of `{check, status, found, fix}`.',
    ],
    input: { noPost: flag('Post no test message') },
    run: async ({ noPost }, globals) => {
      const { examine } = await import('./examine.ts');
      const file = configFile(globals, host);
      const findings = await examine(file, { post: noPost !== true }, await parts());
      const status = worst(findings);
      await print(host, globals.json, { file, status, findings }, findingsView(findings));
      return EXITS[status];
    },
  };
}

const worst = (findings: readonly Finding[]): Finding['status'] =>
  (['problem', 'warning'] as const).find((status) => findings.some((finding) => finding.status === status)) ?? 'ok';

function findingsView(findings: readonly Finding[]): View {
  const lines = findings.map(
    ({ check, status, found, fix }): View => ({
      kind: 'status',
      tone: TONES[status],
      text: `${status === 'ok' ? 'ok' : status}: ${check}: ${found}`,
      ...(fix !== undefined && { next: `  ${fix}` }),
    }),
  );
  const number = (wanted: Finding['status']): number => findings.filter(({ status }) => status === wanted).length;
  const [problems, warnings] = [number('problem'), number('warning')];
  if (problems > 0) return stack(...lines, bad(count(problems, 'problem'), ', ', count(warnings, 'warning')));
  return stack(...lines, warnings > 0 ? warning(count(warnings, 'warning')) : good('All is well'));
}
