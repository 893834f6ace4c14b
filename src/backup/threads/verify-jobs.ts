import type { PackScan } from './pack-scan.ts';

/** What the coordinator and the verifying threads say to each other. Plain data: it is cloned on its way. */

/** Secrets stay inside the process. */
export interface VerifySetup {
  idSecret: Uint8Array;
  epochs: { epoch: number; index: Uint8Array; meta: Uint8Array; data: Uint8Array }[];
  repositoryId: Uint8Array;
}

/** One pack to be read: from a local file, or from bytes that came with the job. */
export interface PackJob {
  id: string;
  deep: boolean;
  path?: string | undefined;
  bytes?: Uint8Array | undefined;
}

/** `gone`: there is no such file (any more). `unreadable`: a system error's code. */
export type PackJobResult = PackScan | { gone: true } | { unreadable: string };

export type ToVerifier = { type: 'setup'; setup: VerifySetup } | { type: 'job'; number: number; job: PackJob };

export type FromVerifier =
  | { type: 'done'; number: number; result: PackJobResult }
  | { type: 'failed'; message: string };
