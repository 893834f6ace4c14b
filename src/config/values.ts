import { z } from 'zod';
import { parseCron } from '../shared/cron.ts';
import { parseDayWindow } from '../shared/day-window.ts';
import { parseDuration } from '../shared/durations.ts';
import { HoldfastError } from '../shared/errors.ts';
import { parseSize } from '../shared/sizes.ts';
import { isTimeZone } from '../shared/zone.ts';

/** Values that many keys of the configuration share. */

export const text = z.string().min(1, 'is empty');

/** A secret by reference: exactly one of the three. */
export const secret = z
  .strictObject({
    env: text.optional().describe('Name of an environment variable that holds it'),
    file: text.optional().describe('File whose first line it is'),
    credential: text.optional().describe('Name of a systemd credential: a file in $CREDENTIALS_DIRECTORY'),
  })
  .refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, {
    error: 'needs exactly one of env, file and credential',
  })
  .meta({ minProperties: 1, maxProperties: 1 });

export type SecretReference = z.output<typeof secret>;

/** Long numbers lose digits when YAML reads them as numbers. */
export const platformId = (pattern: RegExp, example: string) =>
  z.string({ error: `must be text in quotes, such as '${example}'` }).regex(pattern, `must look like '${example}'`);

/** Text that `read` makes something of; its HoldfastError becomes the problem that is told. */
function parsed<T>(read: (given: string) => T) {
  return text.transform((given, context): T => {
    try {
      return read(given);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      context.addIssue({ code: 'custom', message: [error.message, error.advice].filter(Boolean).join('. ') });
      return z.NEVER;
    }
  });
}

/** Milliseconds, written as `6h` or `30 days`. */
export const duration = parsed(parseDuration);

/** Bytes, written as `5 GB`. */
export const size = z.union([z.int().min(0), parsed(parseSize)], { error: 'must be a size such as 500 MB or 5 GB' });

/** A cron expression of five fields, left as it was written: a check alone, so that what is wrong is told also where a key takes other shapes too. */
export const cron = text
  .superRefine((given, context) => {
    try {
      parseCron(given);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      context.addIssue({ code: 'custom', message: [error.message, error.advice].filter(Boolean).join('. ') });
    }
  })
  .meta({ pattern: '^\\s*(\\S+\\s+){4}\\S+\\s*$' });

/** An IANA time zone. */
export const timeZone = text.refine(isTimeZone, { error: 'is no time zone; write one such as Europe/Zurich or UTC' });

/** Written as `22:00-06:00`. */
export const dayWindow = parsed(parseDayWindow);
