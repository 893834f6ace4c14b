import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a tree of processes at one moment. */
export interface TreeMemory {
  /** Sum over the processes; pages that two of them share count twice. */
  readonly residentBytes: number;
  /** The highest mark that any single one of them has reached since its start. */
  readonly highestBytes: number;
}

/** Reads `/proc` for the process `root` and all its descendants; those that end meanwhile count nothing. */
export function readTreeMemory(root: number): TreeMemory {
  let residentBytes = 0;
  let highestBytes = 0;
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const status = readOrEmpty(`/proc/${pid}/status`);
    residentBytes += kibibytesField(status, 'VmRSS') * 1024;
    highestBytes = Math.max(highestBytes, kibibytesField(status, 'VmHWM') * 1024);
    waiting.push(...childrenOf(pid));
  }
  return { residentBytes, highestBytes };
}

/**
 * Processor time of all ended children of this process and of the descendants that they waited for, from
 * `/proc/self/stat` (proc_pid_stat(5), fields 16 and 17, in ticks of 10 ms).
 */
export function endedChildrenCpuMs(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** The number in a line `Name:   123 kB` of `/proc/PID/status`, or 0 where the line is missing. */
export function kibibytesField(status: string, name: string): number {
  const start = status.indexOf(`\n${name}:`);
  return start < 0 ? 0 : Number.parseInt(status.slice(start + name.length + 2), 10);
}

function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    readOrEmpty(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
