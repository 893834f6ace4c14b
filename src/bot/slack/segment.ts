import type { Line } from './mrkdwn.ts';

/** Lines that look alike and may be shown in part. */
export interface Segment {
  style: 'header' | 'text' | 'quiet' | 'code';
  lines: readonly Line[];
  /** Where the reader finds what had to be left out. */
  wholeIn: string;
}
