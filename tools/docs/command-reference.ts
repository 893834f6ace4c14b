// Writes docs/COMMANDS.md from the commands: `node tools/docs/command-reference.ts`.
import { writeFileSync } from 'node:fs';
import { createConfigCommand } from '../../src/admin/config/config-command.ts';
import { createDoctorCommand } from '../../src/admin/doctor/doctor-command.ts';
import { createSetupCommand } from '../../src/admin/setup/setup-command.ts';
import { createManifestCommand } from '../../src/bot/slack/manifest-command.ts';
import { EXIT_STATUSES } from '../../src/cli/exit-statuses.ts';
import { globalFields } from '../../src/cli/globals.ts';
import { optionSection } from '../../src/commands/parts/help-page.ts';
import { commandReference } from '../../src/commands/reference.ts';
import { commandNames, configuredNames, loadForOperator } from '../../src/commands/registry.ts';

/** The page as it should be. */
export async function currentReference(): Promise<string> {
  const commands = await Promise.all([...commandNames, ...configuredNames].map((name) => loadForOperator(name)));
  return commandReference(
    commands.filter((command) => command !== undefined),
    { globals: optionSection('Options of every command', globalFields), exits: EXIT_STATUSES, locals: localCommands() },
  );
}

/** They are explained, never run. */
function localCommands() {
  const nowhere = {} as never;
  return [
    createSetupCommand(nowhere),
    createConfigCommand(nowhere),
    createDoctorCommand(nowhere, nowhere),
    createManifestCommand(nowhere),
  ];
}

export const referenceFile = new URL('../../docs/COMMANDS.md', import.meta.url);

if (import.meta.main) writeFileSync(referenceFile, await currentReference());
