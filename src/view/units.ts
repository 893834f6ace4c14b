import { formatDuration } from '../shared/durations.ts';
import { formatBytes } from '../shared/sizes.ts';
import type { Value } from './value.ts';
import type { Sentence } from './view.ts';

/** A whole number with a comma at every third digit: `60,000`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A share of 1 in percent, rounded down, so that 100 % means all of it: `12 %`; below a tenth with one decimal. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? (Math.floor(percent * 10) / 10).toFixed(1) : Math.floor(percent)} %`;
}

/** A time in UTC to the second: `2026-11-20 09:15:02 UTC`. Text that is no time comes back as it is. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A brief time is told without its year for so long. */
const YEAR_TOLD_AFTER_MS = 300 * 86_400_000;

/** A time in UTC as short as it can be told: `11-20 09:15`, or the day alone where it is of another year. Text that is no time comes back as it is. */
export function formatBriefTime(iso: string, nowMs: number): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const words = time.toISOString().slice(0, 16).replace('T', ' ');
  return Math.abs(nowMs - time.getTime()) < YEAR_TOLD_AFTER_MS ? words.slice(5) : words.slice(0, 10);
}

const AGES = [
  { below: 60_000, unitMs: 1000, unit: 'second' },
  { below: 3_600_000, unitMs: 60_000, unit: 'minute' },
  { below: 48 * 3_600_000, unitMs: 3_600_000, unit: 'hour' },
  { below: 60 * 86_400_000, unitMs: 86_400_000, unit: 'day' },
  { below: 730 * 86_400_000, unitMs: 30 * 86_400_000, unit: 'month' },
  { below: Number.POSITIVE_INFINITY, unitMs: 365 * 86_400_000, unit: 'year' },
] as const;

/** How long before `nowMs` the time `iso` is: `just now`, `5 minutes ago`, `in 2 hours`. */
export function formatAge(iso: string, nowMs: number): string {
  const apart = nowMs - new Date(iso).getTime();
  const size = Math.abs(apart);
  if (size < 5000) return 'just now';
  const { unitMs, unit } = AGES.find(({ below }) => size < below) ?? AGES[0];
  const n = Math.floor(size / unitMs);
  const words = `${n} ${unit}${n === 1 ? '' : 's'}`;
  return apart >= 0 ? `${words} ago` : `in ${words}`;
}

/** Digits of an ID that are shown to people: enough to be typed back. */
export const SHOWN_ID_DIGITS = 8;

export interface Wording {
  /** What ages are counted from, in milliseconds since 1970. */
  nowMs: number;
  /** What a person types before a command's name: `holdfast ` or `/`. */
  commandPrefix: string;
}

/** One value in plain words. */
export function formatValue(value: Value, wording: Wording): string {
  if (typeof value === 'string') return value;
  switch (value.is) {
    case 'bytes':
      return formatBytes(value.bytes);
    case 'count':
      return `${formatCount(value.count)} ${value.count === 1 ? value.one : value.many}`;
    case 'time':
      return formatTime(value.time);
    case 'age':
      return formatAge(value.time, wording.nowMs);
    case 'duration':
      return formatDuration(value.durationMs);
    case 'rate':
      return `${formatBytes(value.bytesPerSecond)}/s`;
    case 'share':
      return formatShare(value.share);
    case 'id':
      return value.id.slice(0, SHOWN_ID_DIGITS);
    case 'command':
      return `${wording.commandPrefix}${value.command}`;
  }
}

/** A sentence in plain words. */
export function formatSentence(sentence: Sentence, wording: Wording): string {
  return isSingle(sentence)
    ? formatValue(sentence, wording)
    : sentence.map((part) => formatValue(part, wording)).join('');
}

function isSingle(sentence: Sentence): sentence is Value {
  return !Array.isArray(sentence);
}
