import type { Severity } from '../config/severity.ts';
import type { OutboxButton, OutboxMessage, UnattendedState } from '../state/unattended-records.ts';
import type { View } from '../view/view.ts';
import { DAY_MS, type Desk, isoTime, routesFor } from './desk.ts';

/** What a message says. Plain data: it may have to wait for another process. */
export interface Letter {
  view: View;
  buttons?: readonly OutboxButton[];
}

/** Messages that wait: older ones give way, what tells of successes first. */
const MOST_WAITING = 200;
/** Messages that are remembered at all. */
const MOST = 600;
const SHORT_LIVED = /^(?:success|digest|notice)\b/;

/** Asks for a message in every channel that hears what is this severe; where it was asked for before, it says this from now on. */
export function say(state: UnattendedState, desk: Desk, severity: Severity, key: string, letter: Letter): void {
  for (const { platform, channel } of routesFor(desk.config, severity)) {
    const known = state.outbox.find((one) => one.key === key && one.platform === platform && one.channel === channel);
    const message = known ?? newMessage(key, platform, channel, desk);
    if (known === undefined) state.outbox.push(message);
    want(message, letter);
  }
}

/** Says something else in every message of that name; where there is none, nothing. */
export function restate(state: UnattendedState, isMeant: (key: string) => boolean, letter: Letter): void {
  for (const message of state.outbox) if (isMeant(message.key)) want(message, letter);
}

/** Takes back what nobody has seen yet. */
export function withdraw(state: UnattendedState, isMeant: (key: string) => boolean): void {
  state.outbox = state.outbox.filter(({ key, tried }) => tried !== null || !isMeant(key));
}

/** Forgets what will not be edited any more, and what there is no room for. */
export function forgetOld(state: UnattendedState, nowMs: number): void {
  state.outbox = state.outbox
    .filter(({ key, at, wanted }) => {
      const keptMs = SHORT_LIVED.test(key) ? 2 * DAY_MS : 35 * DAY_MS;
      return wanted !== null || Date.parse(at) > nowMs - keptMs;
    })
    .slice(-MOST);
  const waiting = state.outbox.filter(({ wanted }) => wanted !== null);
  const spare = waiting
    .toSorted((a, b) => Number(SHORT_LIVED.test(b.key)) - Number(SHORT_LIVED.test(a.key)))
    .slice(0, Math.max(waiting.length - MOST_WAITING, 0));
  if (spare.length > 0) state.outbox = state.outbox.filter((message) => !spare.includes(message));
}

const newMessage = (key: string, platform: string, channel: string, { nowMs }: Desk): OutboxMessage => ({
  key,
  platform,
  channel,
  at: isoTime(nowMs),
  message: null,
  wanted: null,
  revision: 0,
  copy: 0,
  tried: null,
  made: null,
});

function want(message: OutboxMessage, { view, buttons = [] }: Letter): void {
  message.revision++;
  message.wanted = { view, buttons: [...buttons], revision: message.revision };
}
