import type { SnapshotBody } from '../format/bodies.ts';

/** The schedules that a snapshot satisfies; another program may have put anything there. */
export function classesOf({ facts }: SnapshotBody): string[] {
  const { classes } = facts as { classes?: unknown };
  return Array.isArray(classes) ? classes.filter((name) => typeof name === 'string') : [];
}
