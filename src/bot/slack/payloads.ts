import { z } from 'zod';

/**
 * What Slack sends, as far as Holdfast reads it. Source: https://docs.slack.dev/reference/interaction-payloads and
 * https://docs.slack.dev/interactivity/implementing-slash-commands
 */
const team = z.object({ id: z.string() }).nullish();
/** Where an app is installed for a whole organisation. */
const enterprise = team;
const user = z.object({
  id: z.string(),
  name: z.string().optional(),
  username: z.string().optional(),
  team_id: z.string().optional(),
});
const channel = z.object({ id: z.string(), name: z.string().optional() }).nullish();

export const slashPayload = z.object({
  command: z.string(),
  text: z.string().default(''),
  team_id: z.string(),
  user_id: z.string(),
  user_name: z.string().optional(),
  channel_id: z.string(),
  trigger_id: z.string(),
  response_url: z.string().optional(),
});
export type SlashPayload = z.infer<typeof slashPayload>;

const option = z.object({ value: z.string().optional() });
const fieldState = z.object({
  type: z.string(),
  value: z.string().nullish(),
  selected_option: option.nullish(),
  selected_options: z.array(option).nullish(),
});
export type FieldState = z.infer<typeof fieldState>;

const modal = z.object({
  id: z.string(),
  callback_id: z.string(),
  private_metadata: z.string().default(''),
  hash: z.string().optional(),
  state: z.object({ values: z.record(z.string(), z.record(z.string(), fieldState)) }).optional(),
});
export type ModalPayload = z.infer<typeof modal>;

export const pressPayload = z.object({
  type: z.literal('block_actions'),
  team,
  enterprise,
  user,
  channel,
  trigger_id: z.string(),
  response_url: z.string().optional(),
  container: z
    .object({
      type: z.string().optional(),
      message_ts: z.string().optional(),
      channel_id: z.string().optional(),
      is_ephemeral: z.boolean().optional(),
    })
    .optional(),
  message: z.object({ ts: z.string() }).nullish(),
  actions: z
    .array(
      z.object({
        type: z.string().optional(),
        action_id: z.string(),
        action_ts: z.string().optional(),
        selected_option: option.nullish(),
      }),
    )
    .min(1),
});
export type PressPayload = z.infer<typeof pressPayload>;

export const submissionPayload = z.object({
  type: z.literal('view_submission'),
  team,
  enterprise,
  user,
  trigger_id: z.string().optional(),
  view: modal,
});
export type SubmissionPayload = z.infer<typeof submissionPayload>;

/** What Holdfast has no use for, such as shortcuts: only who sent it is read. */
export const otherPayload = z.object({
  type: z.string(),
  team,
  enterprise,
  user,
  channel,
  callback_id: z.string().optional(),
  trigger_id: z.string().optional(),
  action_ts: z.string().optional(),
  response_url: z.string().optional(),
});
export type OtherPayload = z.infer<typeof otherPayload>;

export const suggestionPayload = z.object({
  type: z.literal('block_suggestion'),
  team,
  enterprise,
  user,
  block_id: z.string(),
  value: z.string().default(''),
  view: modal.optional(),
  api_app_id: z.string().optional(),
});
export type SuggestionPayload = z.infer<typeof suggestionPayload>;
