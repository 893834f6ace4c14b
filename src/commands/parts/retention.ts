import type { RetentionPolicy } from '../../backup/types.ts';

/** What is kept unless someone says otherwise: grandfather, father, son. */
export const DEFAULT_RETENTION: RetentionPolicy = { hourly: 24, daily: 7, weekly: 4, monthly: 12 };
