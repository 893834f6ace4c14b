/** What every command on schedules gives. */
export const SCHEDULES_JSON = { schedules: 'array of Schedule' } as const;
