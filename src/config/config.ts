import type { Severity } from './severity.ts';
import type { Unattended } from './unattended.ts';
import type { SecretReference } from './values.ts';

/** The configuration with everything resolved but the secrets. Paths are absolute. */
export interface Config {
  /** The file that it was read from. */
  file: string;
  repository: { location: string; passphrase: SecretReference };
  sources: readonly ConfiguredSource[];
  owners: readonly Owner[];
  platforms: {
    discord?: { token: SecretReference; guild?: string | undefined; apiUrl?: string | undefined };
    slack?: {
      botToken: SecretReference;
      apiUrl?: string | undefined;
      connection:
        | { mode: 'socket'; appToken: SecretReference }
        | { mode: 'http'; signingSecret: SecretReference; port: number };
    };
    console: boolean;
  };
  /** By platform, the channel where owners are told what concerns all of them. */
  notify: Readonly<Partial<Record<string, string>>>;
  /** Channels that are told what happens by itself, in the order of the file. */
  routes: readonly Route[];
  restoreRoots: readonly string[];
  /** Folder. */
  state: string;
  unattended: Unattended;
  /** What is told on standard error, and how; lines for people on a terminal and JSON elsewhere where `format` is undefined. */
  log: { format: 'json' | 'text' | undefined; level: LogLevel };
  /** What looks like a mistake and is none for certain. */
  warnings: readonly string[];
}

export type LogLevel = 'info' | 'warning' | 'error';

export interface ConfiguredSource {
  name: string;
  paths: readonly string[];
  exclude: readonly string[];
  protected: boolean;
}

export interface Owner {
  platform: string;
  id: string;
}

export interface Route {
  platform: string;
  channel: string;
  /** What is less severe does not go there. */
  from: Severity;
}
