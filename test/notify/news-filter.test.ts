import { expect, it } from 'vitest';
import { createNewsFilter } from '../../src/notify/news-filter.ts';

it('lets through that something works once at first, and after each failure of its own', () => {
  const isNews = createNewsFilter();
  const error = { code: 'failed', message: '', advice: null, phase: '' };
  const works = (source: string) => isNews({ kind: 'task_works', task: 'ping', source });
  const fails = (source: string) => isNews({ kind: 'maintenance_failed', task: 'ping', source, error });
  expect([works('app'), works('app'), works('db'), works('db')]).toEqual([true, false, true, false]);
  expect([fails('app'), fails('app'), works('app'), works('app'), works('db')]).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
