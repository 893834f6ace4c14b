/** What a runbook tells. Times are ISO 8601 in UTC, sizes bytes. */
export interface RunbookFacts {
  generated: string;
  program: string;
  repository: {
    /** Folder or address. */
    location: string;
    id: string;
    fingerprint: string;
    /** The program of one file that lies in the repository; undefined where the repository has none. */
    rescue: { name: string; sha256: string } | undefined;
  };
  /** The machine that makes the backups. */
  host: string;
  sources: readonly RunbookSource[];
  /** Whom to tell. */
  contacts: readonly string[];
}

export interface RunbookSource {
  name: string;
  paths: readonly string[];
  /** In words: `daily: at 02:00 (UTC)`. */
  schedules: readonly string[];
  /** In words: `hourly 24`. */
  retention: readonly string[];
  newest: RunbookBackup | undefined;
  newestVerified: (RunbookBackup & { depth: string; verifiedAt: string }) | undefined;
}

export interface RunbookBackup {
  id: string;
  time: string;
  files: number;
  bytes: number;
}
