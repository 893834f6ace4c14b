import { type Logger, LogLevel } from '@slack/bolt';
import { createScrubber } from '../../shared/scrub.ts';
import type { LogLine } from '../platform-options.ts';

/** What the client library has to say, as far as it is worth a line, without secrets. */
export function boltLogger(log: (line: LogLine) => void, secrets: readonly string[]): Logger {
  const scrub = createScrubber(secrets);
  const write =
    (level: LogLine['level']) =>
    (...parts: unknown[]): void =>
      log({ level, message: `Slack: ${scrub(parts.map(String).join(' '))}` });
  const nothing = (): void => {};
  return {
    debug: nothing,
    info: nothing,
    // Retries and lost connections, which the platform tells itself.
    warn: nothing,
    error: write('warning'),
    setLevel: nothing,
    getLevel: () => LogLevel.WARN,
    setName: nothing,
  };
}
