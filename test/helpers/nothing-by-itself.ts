/** For a configuration in which nothing begins by itself: tests that start the real bot may run when an hour begins. */
export const NOTHING_BY_ITSELF = `schedules: { hourly: false, daily: false, weekly: false, monthly: false }
maintenance: { forget: false, prune: false, verify: false }
digest: false
`;
