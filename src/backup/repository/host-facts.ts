import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process on which machine this is, and whether others on it still live. Injected, so that tests can play several hosts. */
export interface HostFacts {
  readonly host: string;
  /** Same machine, boot and PID namespace: the numbers below mean the same there. */
  readonly machine: string;
  readonly boot: string;
  readonly pidNamespace: string;
  readonly pid: number;
  /** When the process started, in the kernel's ticks since boot. */
  readonly pidStart: number;
  /** When the process with this ID started; undefined where none lives. */
  processStart(pid: number): number | undefined;
}

/** The facts of the running process from /proc (proc(5)); members that the system lacks are empty, which matches no other host. */
export function readHostFacts(): HostFacts {
  return {
    host: hostname(),
    machine: readText('/etc/machine-id'),
    boot: readText('/proc/sys/kernel/random/boot_id'),
    pidNamespace: readLink('/proc/self/ns/pid'),
    pid: process.pid,
    pidStart: processStart(process.pid) ?? 0,
    processStart,
  };
}

/** Field 22 of /proc/PID/stat. A zombie is dead: it does nothing any more. */
function processStart(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything, parentheses and spaces too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = Number(fields[19]);
  return stat === '' || fields[0] === 'Z' || fields[0] === 'X' || !Number.isSafeInteger(started) ? undefined : started;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
