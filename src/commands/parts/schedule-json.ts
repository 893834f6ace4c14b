/** What every command on schedules gives. */
export const SCHEDULES_JSON = {
  schedules:
    'array, one for each schedule: `source`; `class` (`hourly`, `daily`, `weekly` or `monthly`); `cron`; `words` (the same in words); `timeZone`; `jitterMs`; `window` (`{from, to}` in minutes since midnight, or null); `missed` (`run_once`, `skip` or `alert`); `enabled` (false while it is paused); `origin` (`{from: "default"}`, `{from: "file", key}`, or `{from: "chat", by, at}`); `next` (when the next five runs begin; empty while it is paused)',
} as const;
