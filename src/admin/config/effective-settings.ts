import type { Config } from '../../config/config.ts';
import { configuredSecrets } from '../../config/configured-secrets.ts';
import type { Hook, Keep, RetentionRules, SourceCare } from '../../config/unattended.ts';
import { SCHEDULE_CLASSES } from '../../config/unattended-schema.ts';
import { type Changes, effectiveSchedules, scheduleKey } from '../../jobs/schedules/effective.ts';
import { formatDayWindow } from '../../shared/day-window.ts';
import { exactDuration } from '../../shared/durations.ts';
import { createScrubber } from '../../shared/scrub.ts';
import { exactSize } from '../../shared/sizes.ts';
import type { SettingOrigin } from './setting-origins.ts';

/** A value as the configuration's file holds one. */
export type Setting = string | number | boolean | readonly Setting[] | { readonly [key: string]: Setting | undefined };

export interface EffectiveSettings {
  /** A whole configuration, as it might be written: every default is filled in, and no secret stands in it. */
  settings: Readonly<Record<string, Setting | undefined>>;
  /** Schedules that were changed in a chat, by their path with dots. */
  changed: Readonly<Record<string, SettingOrigin>>;
}

/** What a configuration comes to, together with what was said in a chat since. */
export function effectiveSettings(config: Config, changes: Changes): EffectiveSettings {
  const { repository, owners, platforms, restoreRoots, state, routes, unattended } = config;
  const { timeZone, jobs, maintenance, storage, digest, contacts, http } = unattended;
  const { discord, slack } = platforms;
  const ids = (platform: string): string[] => owners.filter((o) => o.platform === platform).map(({ id }) => id);
  const channels = (platform: string): Setting | undefined => {
    const told = routes.filter((route) => route.platform === platform);
    return told.length === 0 ? undefined : told.map(({ channel, from }) => ({ channel, from }));
  };
  const schedules = schedulesWith(unattended.sources, changes);
  const settings: Record<string, Setting | undefined> = {
    version: 1,
    repository: { store: withoutUser(repository.location), passphrase: repository.passphrase },
    sources: Object.fromEntries(
      config.sources.map(({ name, paths, exclude, protected: isProtected }) => {
        const care = unattended.sources[name];
        const own = { files: { paths, exclude }, protected: isProtected };
        return [
          name,
          care === undefined ? own : { ...own, ...careSettings(care), schedules: schedules.of[name] ?? {} },
        ];
      }),
    ),
    owners: { discord: ids('discord'), slack: ids('slack') },
    platforms: {
      discord: discord && { ...discord, apiUrl: discord.apiUrl && withoutUser(discord.apiUrl) },
      slack: slack && {
        ...slack.connection,
        botToken: slack.botToken,
        apiUrl: slack.apiUrl && withoutUser(slack.apiUrl),
      },
      console: platforms.console,
    },
    notify: { discord: channels('discord'), slack: channels('slack') },
    restoreRoots,
    state,
    timeZone,
    jobs,
    maintenance: {
      forget: maintenance.forget ?? false,
      prune: maintenance.prune ?? false,
      verify: maintenance.verify ?? false,
      grace: exactDuration(maintenance.graceMs),
    },
    storage: {
      cap: storage.capBytes === undefined ? false : exactSize(storage.capBytes),
      warnAt: storage.warnAt,
      trusted: storage.trusted,
    },
    digest: digest ?? false,
    contacts,
    http,
  };
  const scrub = createScrubber(configuredSecrets(config).plain);
  return { settings: withText(settings, scrub) as Record<string, Setting>, changed: schedules.changed };
}

function careSettings(care: SourceCare): Record<string, Setting | undefined> {
  const { retention, freshness, bytesPerSecond, timeoutMs, hooks, anomalies, ping } = care;
  return {
    retention: retentionSettings(retention),
    freshness: { fresh: exactDuration(freshness.freshMs), stale: exactDuration(freshness.staleMs) },
    rate: bytesPerSecond === undefined ? undefined : exactSize(bytesPerSecond),
    timeout: exactDuration(timeoutMs),
    hooks: { before: hooks.before && hookSettings(hooks.before), after: hooks.after && hookSettings(hooks.after) },
    anomalies,
    ping,
  };
}

const durations = (spans: Readonly<Record<string, number>>): Setting =>
  Object.fromEntries(Object.entries(spans).map(([name, ms]) => [name, exactDuration(ms)]));

function retentionSettings({ last, periods, tags, triggers, classes }: RetentionRules): Setting {
  const kept = (keep: Keep): Setting => ('count' in keep ? keep.count : exactDuration(keep.forMs));
  return {
    last,
    ...Object.fromEntries(Object.entries(periods).map(([period, keep]) => [period, kept(keep)])),
    tags,
    triggers: durations(triggers),
    classes: durations(classes),
  };
}

/** What is written out in a hook's variables may be secret: it is not shown. */
const hookSettings = ({ command, shell, timeoutMs, env }: Hook): Setting => ({
  command,
  shell,
  timeout: exactDuration(timeoutMs),
  env: Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, typeof value === 'string' && value !== '' ? '[text]' : value]),
  ),
});

/** The schedules of every source, class by class, and which of them were changed in a chat. */
function schedulesWith(
  sources: Config['unattended']['sources'],
  changes: Changes,
): { of: Record<string, Record<string, Setting>>; changed: Record<string, SettingOrigin> } {
  const effective = effectiveSchedules(sources, changes);
  const changed: Record<string, SettingOrigin> = {};
  const settingsOf = (source: string): Record<string, Setting> =>
    Object.fromEntries(
      SCHEDULE_CLASSES.map((name) => {
        const found = effective.find((schedule) => schedule.source === source && schedule.class === name);
        const change = changes[scheduleKey(source, name)];
        const isChanged =
          found === undefined ? sources[source]?.schedules[name] !== undefined : found.origin.from === 'chat';
        if (isChanged && change !== undefined) {
          changed[`sources.${source}.schedules.${name}`] = { from: 'chat', by: change.by.name, at: change.at };
        }
        if (found === undefined) return [name, false];
        const { cron, timeZone, jitterMs, window, missed, enabled } = found;
        const setting = {
          cron,
          timeZone,
          jitter: exactDuration(jitterMs),
          window: window && formatDayWindow(window),
          missed,
          enabled,
        };
        return [name, setting];
      }),
    );
  return { of: Object.fromEntries(Object.keys(sources).map((source) => [source, settingsOf(source)])), changed };
}

/** An address without what it says of who is let in. */
export function withoutUser(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href;
}

function withText(value: Setting | undefined, change: (text: string) => string): Setting | undefined {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: Setting) => withText(item, change) ?? '');
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withText(inner, change)]));
}
