import cronstrue from 'cronstrue';
import type { Cron } from './cron.ts';

/** When an expression is due, for people: `At 02:00, only on Sunday`. */
export function cronWords({ text }: Cron): string {
  return cronstrue.toString(text, { use24HourTimeFormat: true });
}
