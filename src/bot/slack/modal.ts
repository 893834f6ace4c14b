import { z } from 'zod';
import type { AnyCommand } from '../../commands/command.ts';
import type { Field, ParseEnvironment, RawValue } from '../../commands/field.ts';
import { optionName, type RawInput } from '../../commands/parse-input.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { ChatCommands } from '../chat/chat-commands.ts';
import { type OptionObject, plainText } from './blocks.ts';
import { optionObjects, shortText } from './controls.ts';
import { LIMITS } from './limits.ts';
import type { FieldState, ModalPayload } from './payloads.ts';

/** Where the answer to a form belongs, kept in the form. */
const origin = z.object({
  channel: z.string(),
  responseUrl: z.string().optional(),
  receivedMs: z.number(),
});
export type Origin = z.infer<typeof origin>;

const PICK = 'holdfast:pick';
const RUN = 'holdfast:run:';
const VALUE = 'value';
const YES = 'yes';
const NO = 'no';

export interface Modal {
  type: 'modal';
  callback_id: string;
  private_metadata: string;
  title: ReturnType<typeof plainText>;
  submit: ReturnType<typeof plainText>;
  close: ReturnType<typeof plainText>;
  blocks: Record<string, unknown>[];
}

const modal = (callback: string, from: Origin, title: string, submit: string, blocks: Modal['blocks']): Modal => ({
  type: 'modal',
  callback_id: callback,
  private_metadata: JSON.stringify(from),
  title: plainText(shortText(title, LIMITS.modalTitle)),
  submit: plainText(submit),
  close: plainText('Cancel'),
  blocks,
});

/** Asks which command is meant. */
export function pickModal(commands: ChatCommands, from: Origin): Modal {
  const options = optionObjects(
    commands.all.map(({ name, summary }) => ({ value: name, label: name, detail: summary })),
  );
  const element = { type: 'static_select', action_id: VALUE, placeholder: plainText('Choose a command'), options };
  return modal(PICK, from, 'Holdfast', 'Next', [
    { type: 'input', block_id: 'command', label: plainText('Command'), element },
  ]);
}

/** Asks for what a command takes. `raw` is what is known already. */
export function commandModal(command: AnyCommand, from: Origin, raw: RawInput = {}): Modal {
  const fields = Object.entries(command.input).map(([key, field]) => inputBlock(key, field, raw[key]));
  const summary = { type: 'section', text: plainText(shortText(command.summary, LIMITS.section)) };
  return modal(RUN + command.name, from, `/${command.name}`, 'Run', [summary, ...fields]);
}

/** What was submitted: the command that was picked, or the one whose form was filled in. */
export type Submitted = { picked: string; from: Origin } | { command: string; raw: RawInput; from: Origin };

/** Undefined for a form that is none of ours. */
export function readSubmission(view: ModalPayload, commands: ChatCommands): Submitted | undefined {
  const from = originOf(view);
  if (from === undefined) return undefined;
  if (view.callback_id === PICK) {
    const picked = view.state?.values.command?.[VALUE]?.selected_option?.value;
    return picked === undefined ? undefined : { picked, from };
  }
  const command = commandOfModal(view, commands);
  return command === undefined ? undefined : { command: command.name, raw: readFields(command, view), from };
}

export function commandOfModal(view: ModalPayload, commands: ChatCommands): AnyCommand | undefined {
  if (!view.callback_id.startsWith(RUN)) return undefined;
  return commands.all.find(({ name }) => name === view.callback_id.slice(RUN.length));
}

export function originOf(view: ModalPayload): Origin | undefined {
  try {
    return origin.parse(JSON.parse(view.private_metadata));
  } catch {
    return undefined;
  }
}

/** What the form holds, by the names of the command's fields. */
export function readFields(command: AnyCommand, view: ModalPayload): RawInput {
  const raw: Record<string, RawValue> = {};
  for (const [key, field] of Object.entries(command.input)) {
    const state = view.state?.values[key]?.[VALUE];
    const value = state === undefined ? undefined : readField(field, state);
    if (value !== undefined) raw[key] = value;
  }
  return raw;
}

function readField(field: Field<unknown>, state: FieldState): RawValue | undefined {
  const chosen = state.selected_option?.value;
  if (field.kind === 'flag') return chosen === undefined ? undefined : chosen === YES;
  if (field.kind !== 'list') return chosen ?? (state.value?.trim() || undefined);
  const several = state.selected_options?.flatMap(({ value }) => value ?? []);
  const values = several ?? (state.value ?? '').split('\n').map((line) => line.trim());
  const given = values.filter((value) => value !== '');
  return given.length === 0 ? undefined : given;
}

/** What is wrong in a form, by field: shown beside the fields, and nothing runs. */
export function formErrors(command: AnyCommand, raw: RawInput, environment: ParseEnvironment): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const [key, field] of Object.entries(command.input)) {
    try {
      field.parse(raw[key], environment);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      errors[key] = shortText(`This ${error.message}. ${error.advice ?? ''}`, LIMITS.optionValue);
    }
  }
  return errors;
}

function inputBlock(key: string, field: Field<unknown>, raw: RawValue | undefined): Record<string, unknown> {
  return {
    type: 'input',
    block_id: key,
    optional: !field.required,
    label: plainText(shortText(labelOf(key), LIMITS.inputLabel)),
    hint: plainText(shortText(field.summary, LIMITS.inputLabel)),
    element: { action_id: VALUE, ...elementOf(field, raw) },
  };
}

function labelOf(key: string): string {
  const words = optionName(key).replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function elementOf(field: Field<unknown>, raw: RawValue | undefined): Record<string, unknown> {
  const given = raw === undefined ? [] : (Array.isArray(raw) ? raw : [raw]).map(String);
  if (field.kind === 'flag')
    return menu([option(YES, 'Yes'), option(NO, 'No')], raw === undefined ? [] : [raw ? YES : NO]);
  if (field.choices !== undefined)
    return menu(
      field.choices.map((word) => option(word, word)),
      given,
    );
  if (field.completes !== undefined && field.completes !== 'local-path' && given.every(fitsOption)) {
    const initial = given.map((value) => option(value, value));
    const search = { placeholder: plainText('Type to search'), min_query_length: 0 };
    if (field.kind !== 'list')
      return { type: 'external_select', ...search, ...(initial[0] && { initial_option: initial[0] }) };
    return { type: 'multi_external_select', ...search, ...(initial.length > 0 && { initial_options: initial }) };
  }
  const value = given.join('\n').slice(0, LIMITS.inputText);
  return {
    type: 'plain_text_input',
    max_length: LIMITS.inputText,
    ...(field.kind === 'list' && { multiline: true, placeholder: plainText('One a line') }),
    ...(value !== '' && { initial_value: value }),
  };
}

const fitsOption = (value: string): boolean => value.length <= LIMITS.optionValue;

const option = (value: string, label: string): OptionObject => ({
  text: plainText(shortText(label, LIMITS.optionText)),
  value,
});

function menu(options: OptionObject[], given: readonly string[]): Record<string, unknown> {
  const initial = options.find(({ value }) => given.includes(value));
  return { type: 'static_select', options, ...(initial && { initial_option: initial }) };
}
