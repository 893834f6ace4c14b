import type { HappenedEvent } from './event.ts';

/**
 * Tells whether an event may change anything. That something works is news once in the life of a process, for an earlier one may have left its trouble open, and after each
 * failure; every other time it would only cost a write of the state.
 */
export function createNewsFilter(): (event: HappenedEvent) => boolean {
  const working = new Set<string>();
  return (event) => {
    if (event.kind === 'maintenance_failed') working.delete(keyOf(event));
    if (event.kind !== 'task_works') return true;
    const isNews = !working.has(keyOf(event));
    working.add(keyOf(event));
    return isNews;
  };
}

const keyOf = ({ task, source = '' }: { task: string; source?: string }): string => `${task} ${source}`;
