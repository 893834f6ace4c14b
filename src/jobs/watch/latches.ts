import type { State } from '../../state/state.ts';
import { remember } from '../remember.ts';

export type Crossing = { kind: 'risen'; level: number } | { kind: 'fallen' };

/**
 * The threshold that something has crossed, so that each crossing upward is told once, also across restarts. It counts as left only when the value is lower by `slack`:
 * what goes up and down around it is not told again and again. Gives undefined where there is nothing to tell.
 */
export function crossing(
  told: number,
  { value, levels, slack }: { value: number; levels: readonly number[]; slack: number },
): { level: number; crossing: Crossing | undefined } {
  const highest = (reached: (level: number) => boolean): number => Math.max(0, ...levels.filter(reached));
  const reached = highest((level) => value >= level);
  if (reached > told) return { level: reached, crossing: { kind: 'risen', level: reached } };
  const held = highest((level) => value >= level - slack);
  const level = Math.min(told, held);
  return { level, crossing: told > 0 && level === 0 ? { kind: 'fallen' } : undefined };
}

/**
 * Remembers what was told of a thing that is watched. `tell` is called together with the change, so that both are in one write: a restart neither repeats nor
 * swallows it.
 */
export async function setLatch(
  state: State,
  { name, level, at }: { name: string; level: number; at: string },
  tell: () => void = () => {},
): Promise<void> {
  const saved = remember(state, ({ unattended: { latches } }) => {
    latches[name] = { level, at };
  });
  tell();
  await saved;
}
