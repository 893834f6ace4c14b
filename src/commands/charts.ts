import {
  calendarPicture,
  runCalendar,
  runSizes,
  sizesPicture,
  storagePicture,
  storageTrend,
} from '../notify/charts.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { RunCalendar } from '../view/charts/calendar-chart.ts';
import type { RunSizes } from '../view/charts/sizes-chart.ts';
import type { StorageTrend } from '../view/charts/storage-chart.ts';
import { stack, text } from '../view/view.ts';
import { type CommandContext, defineCommand, type InputOf } from './command.ts';
import { choice, text as textField } from './field.ts';
import { closest } from './suggest.ts';

const input = {
  what: choice('Which chart; storage and calendar unless given', ['storage', 'calendar', 'sizes'], {
    position: 'WHAT',
  }),
  source: textField('Only this source', { placeholder: 'NAME', completes: 'source' }),
};

interface ChartsResult {
  storage: StorageTrend | null;
  calendar: RunCalendar | null;
  sizes: RunSizes | null;
}

export const charts = defineCommand({
  name: 'charts',
  summary: 'Draw storage with its cap and forecast, how each day went, or sizes and durations of a source',
  chat: { examples: ['charts', 'charts sizes source:app'] },
  input,
  access: 'owner',
  destructive: false,
  json: {
    storage: 'bytes of the repository over time, its cap and in how many days it is full, or null',
    calendar: 'by source, how the runs of each of the last days went, or null',
    sizes: 'size and duration of each good run of a source, or null',
  },
  async run(context, { what, source }): Promise<ChartsResult> {
    const { runs: control } = context;
    if (control === undefined) {
      throw new HoldfastError('usage', 'Only a running bot remembers what happened', {
        advice: 'Start one with `holdfast serve`.',
      });
    }
    const { history, storage: watch, unattended } = control;
    const runs = history.all;
    const names = namesOf(context, source);
    const now = { nowMs: context.now(), timeZone: unattended.timeZone };
    const storage = storageTrend(watch.samples, {
      capBytes: unattended.storage.capBytes ?? null,
      daysLeft: watch.capDays(),
      nowMs: now.nowMs,
    });
    return {
      storage: (what === undefined && source === undefined) || what === 'storage' ? (storage ?? null) : null,
      calendar: what === undefined || what === 'calendar' ? runCalendar(runs, names, now) : null,
      sizes:
        what === 'sizes' || (what === undefined && source !== undefined)
          ? (runSizes(runs, onlyOne(names)) ?? null)
          : null,
    };
  },
  present({ storage, calendar, sizes }) {
    if (storage === null && calendar === null && sizes === null) return text('Nothing was measured yet.');
    return stack(
      storage === null ? undefined : storagePicture(storage),
      calendar === null ? undefined : calendarPicture(calendar),
      sizes === null ? undefined : sizesPicture(sizes),
    );
  },
});

function namesOf({ configured }: CommandContext, wanted: InputOf<typeof input>['source']): readonly string[] {
  const names = configured?.sources.map(({ name }) => name) ?? [];
  if (wanted === undefined) return names;
  if (names.includes(wanted)) return [wanted];
  const meant = closest(wanted, names);
  throw new HoldfastError('usage', `There is no source ${JSON.stringify(wanted)}`, {
    advice: meant === undefined ? `There are: ${names.join(', ')}.` : `Did you mean ${meant}?`,
  });
}

function onlyOne(names: readonly string[]): string {
  const [name, ...others] = names;
  if (name !== undefined && others.length === 0) return name;
  throw new HoldfastError('usage', 'It is not said which source is meant', {
    advice: `There are: ${names.join(', ') || 'none; configure one'}.`,
  });
}
