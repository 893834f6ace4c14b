import {
  ApplicationCommandOptionType,
  type AutocompleteInteraction,
  type CommandInteraction,
  type CommandInteractionOption,
  type MessageComponentInteraction,
  MessageFlags,
  MessageFlagsBitField,
  type ModalSubmitInteraction,
} from 'discord.js';
import type { Fields } from '../../commands/command.ts';
import type { RawValue } from '../../commands/field.ts';
import { optionName, type RawInput } from '../../commands/parse-input.ts';
import type { CommandEvent, CompletionEvent, Person, Place, PressEvent } from '../platform.ts';
import { parseListOption, splitPartialList } from './list-option.ts';

export const DISCORD = 'discord';

type AnyInteraction =
  | CommandInteraction
  | AutocompleteInteraction
  | MessageComponentInteraction
  | ModalSubmitInteraction;

/** The fields of a command by its name; none for a command that is registered no more. */
export type FieldsOf = (command: string) => Fields;

/** Commands of menus are none of Holdfast's: they keep a name that no command has, so that they are refused by it. */
export function commandEvent(interaction: CommandInteraction, fieldsOf: FieldsOf): CommandEvent {
  if (!interaction.isChatInputCommand()) {
    return { ...incoming(interaction), kind: 'command', command: `${interaction.commandName} (menu)`, raw: {} };
  }
  const { command, options } = calledCommand(interaction.commandName, interaction.options.data);
  return { ...incoming(interaction), kind: 'command', command, raw: rawInput(options, fieldsOf(command)) };
}

/** A form was sent. Holdfast shows none on Discord, so that its ID is one that nobody knows. */
export function submitEvent(interaction: ModalSubmitInteraction): PressEvent {
  return { ...incoming(interaction), kind: 'press', id: interaction.customId, message: undefined };
}

export function pressEvent(interaction: MessageComponentInteraction): PressEvent {
  const { channelId } = interaction;
  return {
    ...incoming(interaction),
    kind: 'press',
    id: interaction.customId,
    ...(interaction.isAnySelectMenu() && { value: interaction.values[0] ?? '' }),
    message: isPrivate(interaction)
      ? undefined
      : { platform: DISCORD, channel: channelId, message: interaction.message.id },
  };
}

/** A half-typed option, and the text of a list that comes before its last value. */
export interface Completion {
  event: CompletionEvent;
  before: string;
  isList: boolean;
}

/** An option that the command has no more keeps its own name. */
export function completion(interaction: AutocompleteInteraction, fieldsOf: FieldsOf): Completion {
  const { command, options } = calledCommand(interaction.commandName, interaction.options.data);
  const fields = fieldsOf(command);
  const focused = options.find((option) => option.focused);
  const found = Object.entries(fields).find(([name]) => optionName(name) === focused?.name);
  const [key, field] = found ?? [focused?.name ?? ''];
  const typed = String(focused?.value ?? '');
  const isList = field?.kind === 'list';
  const { before, partial } = isList ? splitPartialList(typed) : { before: '', partial: typed };
  const others = rawInput(
    options.filter((option) => option !== focused),
    fields,
  );
  const raw = isList && before !== '' ? { ...others, [key]: parseListOption(before) } : others;
  return { event: { ...incoming(interaction), kind: 'completion', command, field: key, partial, raw }, before, isList };
}

/** True where only the person sees the message that holds the component. */
export function isPrivate({ message }: MessageComponentInteraction): boolean {
  return new MessageFlagsBitField(message.flags ?? 0).has(MessageFlags.Ephemeral);
}

function incoming(interaction: AnyInteraction): { eventId: string; person: Person; place: Place } {
  const { id, user, channelId, guildId } = interaction;
  return {
    eventId: id,
    person: { platform: DISCORD, id: user.id, name: user.displayName },
    place: { platform: DISCORD, channel: channelId ?? '', direct: guildId === null },
  };
}

function calledCommand(
  name: string,
  options: readonly CommandInteractionOption[],
): { command: string; options: readonly CommandInteractionOption[] } {
  const [first] = options;
  if (first?.type !== ApplicationCommandOptionType.Subcommand) return { command: name, options };
  return { command: `${name} ${first.name}`, options: first.options ?? [] };
}

/** Options by the names of the fields. An option without a field keeps its own name, so that it is refused by name. */
function rawInput(options: readonly CommandInteractionOption[], fields: Fields): RawInput {
  const raw: Record<string, RawValue> = {};
  for (const { name, value } of options) {
    if (value === undefined) continue;
    const [key, field] = Object.entries(fields).find(([one]) => optionName(one) === name) ?? [name];
    raw[key] = field?.kind === 'list' ? parseListOption(String(value)) : value;
  }
  return raw;
}
