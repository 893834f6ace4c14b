import { ApplicationCommandOptionType, ApplicationIntegrationType, InteractionContextType } from 'discord.js';
import type { AnyCommand } from '../../commands/command.ts';
import type { Field, FieldKind } from '../../commands/field.ts';
import { optionName } from '../../commands/parse-input.ts';
import { clip } from './components.ts';
import { LIMITS } from './limits.ts';

interface CommandOption {
  type: ApplicationCommandOptionType;
  name: string;
  description: string;
  required?: boolean;
  autocomplete?: boolean;
  choices?: { name: string; value: string }[];
  min_value?: number;
  options?: CommandOption[];
}

/** A command as Discord registers it. */
export interface CommandBody {
  type: 1;
  name: string;
  description: string;
  options: CommandOption[];
  contexts?: InteractionContextType[];
  integration_types?: ApplicationIntegrationType[];
}

const OPTION_TYPES: Readonly<Partial<Record<FieldKind, ApplicationCommandOptionType>>> = {
  integer: ApplicationCommandOptionType.Integer,
  flag: ApplicationCommandOptionType.Boolean,
};

/**
 * The commands as Discord registers them: those of two words (`key add`) become subcommands of their first. Who may see them is left to the server,
 * because owners need not be administrators there; who may use them is checked at every use.
 *
 * @param scope global commands can also be used in direct messages; those of one guild cannot
 */
export function commandBodies(commands: readonly AnyCommand[], scope: 'global' | 'guild'): CommandBody[] {
  const bodies = new Map<string, CommandBody>();
  for (const command of commands) {
    const [name = '', sub] = command.name.split(' ');
    if (sub === undefined) {
      bodies.set(name, body(name, command.summary, commandOptions(command), scope));
      continue;
    }
    const parent = bodies.get(name) ?? body(name, '', [], scope);
    parent.options.push({
      type: ApplicationCommandOptionType.Subcommand,
      name: sub,
      description: describe(command.summary),
      options: commandOptions(command),
    });
    parent.description = describe(`${name}: ${parent.options.map((option) => option.name).join(', ')}`);
    bodies.set(name, parent);
  }
  return [...bodies.values()];
}

function body(name: string, summary: string, options: CommandOption[], scope: 'global' | 'guild'): CommandBody {
  return {
    type: 1,
    name,
    description: describe(summary),
    options,
    ...(scope === 'global' && {
      contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
      integration_types: [ApplicationIntegrationType.GuildInstall],
    }),
  };
}

const describe = (text: string): string => clip(text, LIMITS.commandDescription);

/** Required ones first, which is the order that Discord asks for. */
function commandOptions({ input }: AnyCommand): CommandOption[] {
  const options = Object.entries(input).map(([key, field]) => commandOption(key, field));
  return [...options.filter(({ required }) => required), ...options.filter(({ required }) => !required)];
}

function commandOption(key: string, field: Field<unknown>): CommandOption {
  const type = OPTION_TYPES[field.kind] ?? ApplicationCommandOptionType.String;
  const choices = field.choices ?? [];
  const areOffered = choices.length > 0 && choices.length <= LIMITS.commandChoices;
  return {
    type,
    name: optionName(key),
    description: describe(field.summary),
    ...(field.required && { required: true }),
    ...(areOffered && { choices: choices.map((choice) => ({ name: choice, value: choice })) }),
    ...(type === ApplicationCommandOptionType.String && !areOffered && field.completes && { autocomplete: true }),
    ...(type === ApplicationCommandOptionType.Integer && { min_value: 0 }),
  };
}

/** True where Discord's record of the commands says the same as `wanted`: it adds IDs, versions and defaults of its own. */
export function areRegistered(current: unknown, wanted: readonly CommandBody[]): boolean {
  return (
    Array.isArray(current) &&
    JSON.stringify(current.map(essence).sort(byName)) === JSON.stringify(wanted.map(essence).sort(byName))
  );
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

function essence(command: Partial<CommandBody>): { name: string } & Record<string, unknown> {
  return {
    name: String(command.name),
    description: command.description,
    contexts: [...(command.contexts ?? [])].sort(),
    options: (command.options ?? []).map(optionEssence),
  };
}

function optionEssence(option: Partial<CommandOption>): Record<string, unknown> {
  return {
    type: option.type,
    name: option.name,
    description: option.description,
    required: option.required ?? false,
    autocomplete: option.autocomplete ?? false,
    min: option.min_value,
    choices: (option.choices ?? []).map(({ name, value }) => [name, value]),
    options: (option.options ?? []).map(optionEssence),
  };
}
