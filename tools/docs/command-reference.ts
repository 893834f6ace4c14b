// Writes docs/COMMANDS.md from the commands: `node tools/docs/command-reference.ts`.
import { writeFileSync } from 'node:fs';
import { EXIT_STATUSES } from '../../src/cli/exit-statuses.ts';
import { globalFields } from '../../src/cli/globals.ts';
import { optionSection } from '../../src/commands/parts/help-page.ts';
import { commandReference } from '../../src/commands/reference.ts';
import { commandNames, loadCommand } from '../../src/commands/registry.ts';

/** The page as it should be. */
export async function currentReference(): Promise<string> {
  const commands = await Promise.all(commandNames.map((name) => loadCommand(name)));
  return commandReference(
    commands.filter((command) => command !== undefined),
    { globals: optionSection('Options of every command', globalFields), exits: EXIT_STATUSES },
  );
}

export const referenceFile = new URL('../../docs/COMMANDS.md', import.meta.url);

if (import.meta.main) writeFileSync(referenceFile, await currentReference());
