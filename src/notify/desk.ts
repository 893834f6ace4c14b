import type { Config } from '../config/config.ts';
import type { Severity } from '../config/severity.ts';
import { SEVERITIES } from '../config/severity.ts';

/** What decisions are made with, besides what is remembered. */
export interface Desk {
  nowMs: number;
  config: NotifyConfig;
  forecast: Forecast;
  /** A short ID that people can type. */
  newId: () => string;
}

/** In how many days the limit is reached, from what was measured; null where that is not foreseeable. */
export type Forecast = (
  samples: readonly { at: string; value: number }[],
  limit: number,
  nowMs: number,
) => number | null;

export type NotifyConfig = Pick<Config, 'sources' | 'routes' | 'unattended'>;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What comes within so long of the first is told together with it. */
export const GATHER_MS = 45_000;

export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** The channels that want to hear what is this severe. */
export const routesFor = ({ routes }: NotifyConfig, severity: Severity): NotifyConfig['routes'] =>
  routes.filter(({ from }) => SEVERITIES.indexOf(from) <= SEVERITIES.indexOf(severity));

const formats = new Map<string, Intl.DateTimeFormat>();

/** The calendar day in a zone: `2030-12-31`. */
export function dayIn(timeZone: string, ms: number): string {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, format);
  return format.format(ms);
}
