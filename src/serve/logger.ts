import { pino } from 'pino';
import type { LogLine } from '../bot/platform-options.ts';
import type { LogLevel } from '../config/config.ts';
import { printableText } from '../shared/printable.ts';
import { scrubValue } from '../shared/scrub.ts';

export interface LoggerOptions {
  /** Lines for people, or a JSON object a line. */
  format: 'json' | 'text';
  /** What is less important is not written. */
  level: LogLevel;
  /** Takes secrets out of text. */
  scrub: (text: string) => string;
  now: () => number;
  /** Writes one line. */
  write: (line: string) => void;
}

/** A line of the log, with an error in full where one is behind it. */
export type LogEntry = LogLine & { error?: unknown };

export type Log = (entry: LogEntry) => void;

const LEVELS = { info: 30, warning: 40, error: 50 } as const;

/** Writes the log. Nothing in it, at any depth, holds a secret, whatever it is given. */
export function createLogger({ format, level, scrub, now, write }: LoggerOptions): Log {
  const destination = { write: (line: string) => write(format === 'json' ? line.trimEnd() : wordsOf(line)) };
  const logger = pino(
    {
      level,
      customLevels: LEVELS,
      useOnlyCustomLevels: true,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(words, method) {
          method.apply(this, words.map((word: unknown) => scrubValue(word, scrub)) as typeof words);
        },
      },
    },
    destination,
  );
  return ({ level: told, message, ...context }) => logger[told](context, message);
}

function wordsOf(line: string): string {
  const { level, message } = JSON.parse(line) as LogLine;
  return `${level}: ${printableText(message)}`;
}
