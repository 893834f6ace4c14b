import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PASSPHRASE } from './built-repository.ts';

export const RESCUE = fileURLToPath(new URL('../../../src/rescue/rescue.mjs', import.meta.url));

export interface RescueRun {
  status: number;
  stdout: string;
  stderr: string;
}

export interface RescueOptions {
  passphrase?: string | undefined;
  node?: string;
  program?: string;
  env?: Record<string, string>;
}

/** Runs the program in a process of its own, as a user would. */
export function runRescue(args: readonly string[], options: RescueOptions = {}): Promise<RescueRun> {
  const { node = process.execPath, program = RESCUE, passphrase = PASSPHRASE } = options;
  const env = { PATH: process.env.PATH ?? '', HOLDFAST_PASSWORD: passphrase, ...options.env };
  return new Promise((resolve) => {
    const child = execFile(node, [program, ...args], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ status, stdout, stderr });
    });
    child.stdin?.end();
  });
}
