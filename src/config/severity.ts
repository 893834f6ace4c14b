/** How much an event matters, from least to most. */
export const SEVERITIES = ['info', 'warning', 'failure'] as const;
export type Severity = (typeof SEVERITIES)[number];
