import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatDuration } from '../../shared/durations.ts';
import { systemCode } from '../../shared/errors.ts';
import { type ProcessIdentity, processFate } from '../../shared/process-identity.ts';
import { openZone } from '../../shared/zone.ts';
import { doubt, type Finding, ok, problem } from './finding.ts';

export interface StateHost {
  now: () => number;
  identity: ProcessIdentity;
  /** Whether a bot listens on the socket of the state folder. */
  isRunning: (state: string) => Promise<boolean>;
}

export interface Moment {
  /** Zone of the schedules. */
  timeZone: string;
  /** When the newest backup was made, ISO 8601. */
  newest: string | undefined;
}

/** Clocks of file servers are not ours to the millisecond. */
const CLOCK_TOLERANCE_MS = 5000;

/** Whether the state folder can be written, who owns it, and whether the clock agrees with its file system. Never takes its lock. */
export async function checkState(state: string, moment: Moment, host: StateHost): Promise<Finding[]> {
  const probe = join(state, `doctor-${host.identity.pid}`);
  try {
    await mkdir(state, { recursive: true, mode: 0o700 });
    const before = host.now();
    await writeFile(probe, '');
    const { mtimeMs } = await stat(probe);
    await rm(probe);
    return [
      ok('state', `${state} can be written`),
      await ownerOf(state, host),
      ...clock({ before, mtimeMs }, moment, host),
    ];
  } catch (error) {
    const reason = systemCode(error) ?? String(error);
    return [
      problem(
        'state',
        `${state} cannot be written: ${reason}`,
        `Make ${existsSync(state) ? state : dirname(state)} writable for this user, or set state.`,
      ),
    ];
  }
}

async function ownerOf(state: string, { identity, isRunning }: StateHost): Promise<Finding> {
  const lock = join(state, 'lock');
  const written = await readFile(lock, 'utf8').catch(() => undefined);
  if (await isRunning(state)) return ok('state', `A bot runs on it${processIn(written)}`);
  if (written === undefined) return ok('state', 'No bot runs on it');
  const owner = parse(written);
  const fate = owner === undefined ? 'dead' : processFate(owner, identity);
  if (fate === 'dead')
    return ok('state', 'No bot runs on it; the last one ended without saying so, and the next takes over');
  return doubt(
    'state',
    `Its owner${processIn(written)} does not answer${fate === 'unknown' ? ', and cannot be seen from here' : ''}`,
    `Wait a moment and try again; if that process has ended, remove ${lock}.`,
  );
}

const processIn = (lock: string | undefined): string => {
  const pid = lock === undefined ? undefined : parse(lock)?.pid;
  return pid === undefined ? '' : `, process ${pid}`;
};

function parse(lock: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(lock) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

function clock(
  { before, mtimeMs }: { before: number; mtimeMs: number },
  { timeZone, newest }: Moment,
  { now }: StateHost,
): Finding[] {
  const shown = new Date(openZone(timeZone).toWall(before)).toISOString().slice(0, 16).replace('T', ' ');
  const setClock = 'Set the clock, best by a time service such as systemd-timesyncd or chrony.';
  const apart = mtimeMs < before ? before - mtimeMs : Math.max(0, mtimeMs - now());
  const findings =
    apart > CLOCK_TOLERANCE_MS
      ? [doubt('clock', `The clock and that of the file system are ${formatDuration(apart)} apart`, setClock)]
      : [ok('clock', `It is ${shown} in ${timeZone}, the zone of the schedules`)];
  if (newest === undefined || Date.parse(newest) <= before) return findings;
  return [...findings, problem('clock', `The newest backup is of ${newest}, which is yet to come`, setClock)];
}
