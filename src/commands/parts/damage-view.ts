import type { DamagedObject } from '../../backup/types.ts';
import type { Sentence, View } from '../../view/view.ts';

/** Files shown for one damaged object. */
const SHOWN = 10;

/** Each damaged object with what is wrong and whose content it holds. */
export function damageList(damaged: readonly DamagedObject[]): View | undefined {
  if (damaged.length === 0) return undefined;
  const items = damaged.flatMap(({ object, problem, files, filesTotal }): Sentence[] => {
    const hidden = filesTotal - Math.min(files.length, SHOWN);
    const shown = files.slice(0, SHOWN).map((file) => `  affects ${file}`);
    return [`${object}: ${problem}`, ...shown, ...(hidden > 0 ? [`  and ${hidden} more files`] : [])];
  });
  return { kind: 'list', items, tone: 'bad' };
}
