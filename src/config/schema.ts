import { z } from 'zod';
import { SEVERITIES } from './severity.ts';
import { sourceCare, unattended } from './unattended-schema.ts';
import { platformId, secret, text } from './values.ts';

/**
 * The shape of `holdfast.yaml`, version 1, as written by people. `config/holdfast.schema.json` is made from it, so the descriptions are what editors
 * show.
 */

const discordId = platformId(/^\d{1,20}$/, '1234567890');

const source = z.strictObject({
  files: z
    .strictObject({
      paths: z.array(text).min(1, 'names no folder or file').describe('Folders and files; relative to this file'),
      exclude: z.array(text).default([]).describe('What to leave out, in .gitignore syntax'),
    })
    .describe('Folders and files of this machine'),
  protected: z
    .boolean()
    .default(false)
    .describe('A restore over it needs a second owner who approves; needs two owners on one platform'),
  ...sourceCare,
});

const discord = z.strictObject({
  token: secret.describe("The bot's token"),
  guild: discordId.optional().describe('Register the commands in this server alone, where they appear at once'),
  apiUrl: z.url().optional().describe("Another address of Discord's API, ending in /api"),
});

const slack = z.strictObject({
  mode: z.enum(['socket', 'http']).default('socket').describe('How events come: over a socket, or by HTTP requests'),
  botToken: secret.describe("The bot's token, xoxb-..."),
  appToken: secret.optional().describe('For mode socket: the app-level token, xapp-...'),
  signingSecret: secret.optional().describe('For mode http: what Slack signs requests with'),
  port: z.int().min(1).max(65_535).optional().describe('For mode http: where to listen'),
  apiUrl: z.url().optional().describe("Another address of Slack's Web API, ending in /api/"),
});

/** One channel for everything, or several by what they are told. */
const channels = (id: z.ZodString) =>
  z.union(
    [
      id.describe('Channel ID'),
      z
        .array(
          z.strictObject({
            channel: id.describe('Channel ID'),
            from: z.enum(SEVERITIES).default('info').describe('What is less severe does not go there'),
          }),
        )
        .min(1, 'names no channel'),
    ],
    { error: 'must be a channel ID in quotes, or a list of { channel, from }' },
  );

export const configSchema = z
  .strictObject({
    version: z.literal(1, { error: 'must be 1: this program reads no other version' }),
    repository: z.strictObject({
      store: text.describe('Folder of the repository; relative to this file'),
      passphrase: secret,
    }),
    sources: z
      .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits and . _ -'), source)
      .describe('What is backed up, by name'),
    owners: z
      .strictObject({
        discord: z
          .array(discordId)
          .default([])
          .describe("Discord user IDs; 'Copy User ID' in developer mode shows one"),
        slack: z
          .array(platformId(/^[TE][A-Z0-9]+\/[UW][A-Z0-9]+$/, 'T0001/U0001'))
          .default([])
          .describe('Slack team and user IDs: TEAM/USER'),
      })
      .prefault({})
      .describe(
        'Who may use the bot. Without any, the first owner claims it with a code that the program prints at start',
      ),
    platforms: z
      .strictObject({
        discord: discord.optional(),
        slack: slack.optional(),
        console: z.boolean().default(false).describe('Take commands on the terminal too, where there is one'),
      })
      .describe('Where the bot listens'),
    notify: z
      .strictObject({
        discord: channels(discordId).optional(),
        slack: channels(platformId(/^[CGD][A-Z0-9]+$/, 'C0001')).optional(),
      })
      .prefault({})
      .describe('The channels of each platform that are told what happens by itself'),
    restoreRoots: z
      .array(text)
      .default([])
      .describe('Folders that a chat may restore into, besides where a backup came from; relative to this file'),
    log: z
      .strictObject({
        format: z
          .enum(['json', 'text'])
          .optional()
          .describe('How lines are written; for people on a terminal, and as JSON elsewhere, unless given'),
        level: z.enum(['info', 'warning', 'error']).default('info').describe('What is less important is not written'),
      })
      .prefault({})
      .describe('What the bot writes to standard error'),
    state: text.default('./state').describe('Folder for what the bot remembers; relative to this file'),
    ...unattended,
  })
  .meta({ title: 'Holdfast configuration' });

export type WrittenConfig = z.output<typeof configSchema>;
