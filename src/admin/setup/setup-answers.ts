/** What a setup has to know. Paths are absolute. */
export interface SetupAnswers {
  store: string;
  sources: readonly { name: string; path: string }[];
  /** Names of environment variables. */
  discord: { tokenEnv: string; guild: string | undefined } | undefined;
  slack: { botTokenEnv: string; appTokenEnv: string } | undefined;
  /** By platform. */
  owners: Readonly<Record<'discord' | 'slack', readonly string[]>>;
  notify: Readonly<Partial<Record<'discord' | 'slack', string>>>;
  /** As people write it; `false` for none. */
  cap: string | false;
  passphraseFile: string;
}
