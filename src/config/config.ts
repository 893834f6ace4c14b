import type { SecretReference } from './schema.ts';

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
  /** Channel by platform. */
  notify: Readonly<Partial<Record<string, string>>>;
  restoreRoots: readonly string[];
  /** Folder. */
  state: string;
  /** What looks like a mistake and is none for certain. */
  warnings: readonly string[];
}

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
