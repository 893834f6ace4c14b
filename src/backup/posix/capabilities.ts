/** What an implementation of the port can do exactly. What is false here is lost, and nothing else is. */
export interface PosixCapabilities {
  /** Times are set to the nanosecond; otherwise to the last time before that a double of seconds holds. */
  readonly nanosecondTimes: boolean;
  /** Extended attributes, ACLs and file capabilities are read and written. */
  readonly xattrs: boolean;
  /** Holes of existing files are found. Writing files with holes always works: truncate, then write around them. */
  readonly holes: boolean;
  /** FIFOs, sockets and device nodes are created. Reading what they are always works. */
  readonly specialFiles: boolean;
  /** Two names are exchanged in one atomic step. */
  readonly exchange: boolean;
  /** A file system is flushed by one call; otherwise the caller syncs every file and folder. */
  readonly syncFilesystem: boolean;
  /** Disk space is reserved, and file content is shared on file systems that can do it. */
  readonly allocation: boolean;
}

export const ALL_CAPABILITIES: PosixCapabilities = {
  nanosecondTimes: true,
  xattrs: true,
  holes: true,
  specialFiles: true,
  exchange: true,
  syncFilesystem: true,
  allocation: true,
};

export const PORTABLE_CAPABILITIES: PosixCapabilities = {
  nanosecondTimes: false,
  xattrs: false,
  holes: false,
  specialFiles: false,
  exchange: false,
  syncFilesystem: false,
  allocation: false,
};

const LOSSES = {
  nanosecondTimes: 'modification times are restored up to half a microsecond too early',
  xattrs: 'extended attributes, ACLs and file capabilities are neither saved nor restored',
  holes: 'holes in sparse files are saved as zeros',
  specialFiles: 'FIFOs, sockets and device nodes are saved but not restored',
} as const satisfies Partial<Record<keyof PosixCapabilities, string>>;

/** The differences that a person would notice in a backup or a restore, as sentences without a capital or full stop. */
export function lossesOf(capabilities: PosixCapabilities): string[] {
  return (Object.keys(LOSSES) as (keyof typeof LOSSES)[]).filter((key) => !capabilities[key]).map((key) => LOSSES[key]);
}
