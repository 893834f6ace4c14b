import { z } from 'zod';
import { SLACK_LIMITS as L } from './slack-limits.ts';

/** Blocks and views as Slack takes them: unknown fields, wrong types and everything beyond a limit are refused. */
const plain = (most: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(most),
    emoji: z.boolean().optional(),
  });

const marked = (most: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(most),
    verbatim: z.boolean().optional(),
  });

const text = (most: number) => z.discriminatedUnion('type', [plain(most), marked(most)]);
const blockId = z.string().min(1).max(L.blockId).optional();
const actionId = z.string().min(1).max(L.actionId);

const option = z.strictObject({
  text: text(L.optionText),
  value: z.string().min(1).max(L.optionValue),
  description: plain(L.optionText).optional(),
});
const options = z.array(option).min(1).max(L.options);
const placeholder = plain(L.placeholder).optional();

const button = z.strictObject({
  type: z.literal('button'),
  action_id: actionId,
  text: plain(L.buttonText),
  value: z.string().max(L.buttonValue).optional(),
  style: z.enum(['primary', 'danger']).optional(),
});
const staticSelect = z.strictObject({
  type: z.literal('static_select'),
  action_id: actionId,
  placeholder,
  options,
  initial_option: option.optional(),
});
const externalSelect = z.strictObject({
  type: z.literal('external_select'),
  action_id: actionId,
  placeholder,
  min_query_length: z.number().int().min(0).optional(),
  initial_option: option.optional(),
});
const multiExternalSelect = z.strictObject({
  type: z.literal('multi_external_select'),
  action_id: actionId,
  placeholder,
  min_query_length: z.number().int().min(0).optional(),
  initial_options: z.array(option).min(1).max(L.options).optional(),
});
const textInput = z.strictObject({
  type: z.literal('plain_text_input'),
  action_id: actionId,
  placeholder,
  initial_value: z.string().max(L.inputLength).optional(),
  multiline: z.boolean().optional(),
  max_length: z.number().int().min(1).max(L.inputLength).optional(),
});

const header = z.strictObject({ type: z.literal('header'), block_id: blockId, text: plain(L.header) });
const section = z.strictObject({
  type: z.literal('section'),
  block_id: blockId,
  text: text(L.section).optional(),
  fields: z.array(text(L.sectionField)).min(1).max(L.sectionFields).optional(),
});
const context = z.strictObject({
  type: z.literal('context'),
  block_id: blockId,
  elements: z.array(text(L.contextText)).min(1).max(L.contextElements),
});
const divider = z.strictObject({ type: z.literal('divider'), block_id: blockId });
const actions = z.strictObject({
  type: z.literal('actions'),
  block_id: blockId,
  elements: z
    .array(z.discriminatedUnion('type', [button, staticSelect, externalSelect]))
    .min(1)
    .max(L.actionElements),
});
const input = z.strictObject({
  type: z.literal('input'),
  block_id: blockId,
  label: plain(L.inputLabel),
  hint: plain(L.inputHint).optional(),
  optional: z.boolean().optional(),
  element: z.discriminatedUnion('type', [textInput, staticSelect, externalSelect, multiExternalSelect]),
});

const messageBlock = z.discriminatedUnion('type', [header, section, context, divider, actions]);
const modalBlock = z.discriminatedUnion('type', [header, section, context, divider, actions, input]);
const modal = z.strictObject({
  type: z.literal('modal'),
  callback_id: z.string().min(1).max(L.callbackId),
  private_metadata: z.string().max(L.privateMetadata).optional(),
  title: plain(L.modalTitle),
  submit: plain(L.modalButton).optional(),
  close: plain(L.modalButton).optional(),
  blocks: z.array(modalBlock).min(1).max(L.modalBlocks),
});

export type FakeBlock = z.infer<typeof modalBlock>;
export type FakeModal = z.infer<typeof modal>;

/** What Slack would say is wrong with the blocks of a message; empty when nothing is. */
export function judgeBlocks(blocks: unknown): string[] {
  const judged = z.array(messageBlock).max(L.messageBlocks).safeParse(blocks);
  return judged.success ? [...twice(judged.data), ...length(judged.data)] : complaints(judged.error, '/blocks');
}

export function judgeModal(view: unknown): string[] {
  const judged = modal.safeParse(view);
  return judged.success ? twice(judged.data.blocks) : complaints(judged.error, '/view');
}

export const judgeOptions = (given: unknown): string[] => {
  const judged = z.array(option).max(L.options).safeParse(given);
  return judged.success ? [] : complaints(judged.error, '/options');
};

function complaints(error: z.ZodError, base: string): string[] {
  return error.issues.map(({ message, path }) => `[ERROR] ${message} [json-pointer:${base}/${path.join('/')}]`);
}

/** The same ID in two blocks, or the same action in one. */
function twice(blocks: readonly FakeBlock[]): string[] {
  const ids = blocks.flatMap(({ block_id }) => block_id ?? []);
  const actionIds = blocks.flatMap((block) =>
    block.type === 'actions' ? [block.elements.map(({ action_id }) => action_id)] : [],
  );
  return [ids, ...actionIds]
    .filter((all) => new Set(all).size < all.length)
    .map((all) => `[ERROR] an ID is used twice among ${all.join(', ')} [json-pointer:/blocks]`);
}

function length(blocks: readonly FakeBlock[]): string[] {
  const all = blocks.map(textOf).join('').length;
  return all > L.blocksText ? [`[ERROR] msg_blocks_too_long: ${all} characters`] : [];
}

/** The text of a block as it was sent. */
export function textOf(block: FakeBlock): string {
  switch (block.type) {
    case 'header':
      return block.text.text;
    case 'section':
      return [block.text, ...(block.fields ?? [])].flatMap((one) => one?.text ?? []).join('\n');
    case 'context':
      return block.elements.map((one) => one.text).join(' ');
    default:
      return '';
  }
}
