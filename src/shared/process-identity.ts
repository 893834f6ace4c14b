import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from './errors.ts';

/** Names one run of one process, for good: process IDs are used again, so the start time belongs to it. */
export interface ProcessIdentity {
  /** Of the installation: `/etc/machine-id`, else the host name. */
  machine: string;
  /** Of the running kernel: Linux's boot ID, empty elsewhere. */
  boot: string;
  /** Number of the PID namespace on Linux, empty elsewhere. */
  pidNamespace: string;
  pid: number;
  /** Clock ticks from boot to the process's start on Linux (proc(5), stat field 22), 0 elsewhere. */
  pidStart: number;
}

/** `unknown` when the process would run where this one cannot see it: another machine, boot or PID namespace. */
export type ProcessFate = 'alive' | 'dead' | 'unknown';

/** The identity of the calling process; worker threads share it. */
export function readProcessIdentity(): ProcessIdentity {
  return {
    machine: readText('/etc/machine-id') ?? hostname(),
    boot: readText('/proc/sys/kernel/random/boot_id') ?? '',
    pidNamespace: readPidNamespace(),
    pid: process.pid,
    pidStart: readPidStart(process.pid) ?? 0,
  };
}

/** Whether the process behind `other` still runs, as far as the process behind `self` (the caller's own) can tell. */
export function processFate(other: ProcessIdentity, self: ProcessIdentity): ProcessFate {
  const sameView =
    other.machine === self.machine && other.boot === self.boot && other.pidNamespace === self.pidNamespace;
  return sameView ? localProcessFate(other.pid, other.pidStart) : 'unknown';
}

/** As `processFate`, for a process of this machine, boot and PID namespace. */
export function localProcessFate(pid: number, pidStart: number): 'alive' | 'dead' {
  if (pidStart !== 0) return readPidStart(pid) === pidStart ? 'alive' : 'dead';
  return respondsToSignals(pid) ? 'alive' : 'dead';
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function readPidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    return '';
  }
}

function readPidStart(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold anything: count from behind its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return isZombie(fields[0]) ? undefined : Number(fields[19]);
}

/** A killed process whose parent has not collected it yet writes nothing any more. */
function isZombie(state: string | undefined): boolean {
  return state === 'Z' || state === 'X';
}

function respondsToSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
