import { z } from 'zod';
import { SLACK_LIMITS as L } from './slack-limits.ts';

const id = z.string().regex(/^[CDG][A-Z0-9]+$/);
const stamp = z.string().regex(/^\d+\.\d{6}$/);
const flag = z.enum(['true', 'false']);
const words = z.string().min(1).max(L.text);
const json = z.unknown();

/** A message's parts that every posting method takes. */
const message = {
  text: words,
  blocks: json.optional(),
  parse: z.enum(['none', 'full']).optional(),
  link_names: flag.optional(),
};

/** The methods that the app calls: which scope each needs, and which arguments it takes. Anything else is refused. */
export const WEB_METHODS = {
  'auth.test': { scope: undefined, arguments: {} },
  'apps.connections.open': { scope: 'connections:write', arguments: {} },
  'chat.postMessage': {
    scope: 'chat:write',
    arguments: {
      channel: id,
      ...message,
      thread_ts: stamp.optional(),
      metadata: json.optional(),
      mrkdwn: flag.optional(),
      unfurl_links: flag.optional(),
      unfurl_media: flag.optional(),
    },
  },
  'chat.update': { scope: 'chat:write', arguments: { channel: id, ts: stamp, ...message } },
  'chat.postEphemeral': { scope: 'chat:write', arguments: { channel: id, user: z.string(), ...message } },
  'chat.delete': { scope: 'chat:write', arguments: { channel: id, ts: stamp } },
  'conversations.open': { scope: 'im:write', arguments: { users: z.string().regex(/^[UW][A-Z0-9]+$/) } },
  'conversations.history': {
    scope: 'channels:history',
    arguments: {
      channel: id,
      oldest: z.string().optional(),
      limit: z.string(),
      include_all_metadata: flag.optional(),
    },
  },
  'views.open': { scope: undefined, arguments: { trigger_id: z.string(), view: json } },
  'views.update': { scope: undefined, arguments: { view_id: z.string(), view: json } },
  'files.getUploadURLExternal': {
    scope: 'files:write',
    arguments: { filename: z.string().min(1), length: z.string().regex(/^[1-9]\d*$/) },
  },
  'files.completeUploadExternal': {
    scope: 'files:write',
    arguments: { files: json, channel_id: id.optional(), thread_ts: stamp.optional() },
  },
} as const satisfies Record<string, { scope: string | undefined; arguments: z.ZodRawShape }>;

export type WebMethod = keyof typeof WEB_METHODS;

/** Arguments that are sent as JSON within the form. */
export const JSON_ARGUMENTS: ReadonlySet<string> = new Set(['blocks', 'view', 'files', 'metadata']);

/** What is wrong with a call's arguments; empty when nothing is. */
export function judgeArguments(method: WebMethod, given: Readonly<Record<string, unknown>>): string[] {
  const judged = z.strictObject(WEB_METHODS[method].arguments as z.ZodRawShape).safeParse(given);
  if (judged.success) return [];
  return judged.error.issues.map((issue) => `[ERROR] ${issue.message} [json-pointer:/${issue.path.join('/')}]`);
}
