import type { Posix } from '../../../../src/backup/posix/posix.ts';

/** Calls that change something; the rest goes on working, as it does for whoever looks at what a dead process has left. */
const CHANGES = new Set([
  'createFile',
  'makeDirectory',
  'link',
  'unlink',
  'removeDirectory',
  'rename',
  'renameNoReplace',
  'exchange',
  'setMode',
  'setModeAt',
  'setOwner',
  'setTimes',
  'sync',
  'syncFilesystem',
]);

export interface CrashingPosix {
  posix: Posix;
  /** Changing calls so far. */
  readonly calls: number;
  readonly crashed: boolean;
}

/** File system calls of a process that dies right before its `after`th change: that call and all later changes fail. */
export function crashingPosix(real: Posix, after: number): CrashingPosix {
  const state = { calls: 0, crashed: false };
  const posix = new Proxy(real, {
    get(_target, name) {
      const value = Reflect.get(real, name, real) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (CHANGES.has(String(name))) {
          if (state.calls >= after) {
            state.crashed = true;
            throw new Error('the process has died');
          }
          state.calls++;
        }
        return (value as (...args: unknown[]) => unknown).apply(real, args);
      };
    },
  });
  return {
    posix,
    get calls() {
      return state.calls;
    },
    get crashed() {
      return state.crashed;
    },
  };
}
