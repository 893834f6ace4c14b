import type { SnapshotBody } from '../../format/bodies.ts';
import type { PosixCapabilities } from '../../posix/capabilities.ts';

/** What a layer may be unable to see. Files that it read are not taken over from it by one that sees more. */
const ASPECTS = ['xattrs', 'holes'] as const satisfies readonly (keyof PosixCapabilities)[];
/** Attributes in the namespace `trusted`, which the kernel hides from everybody but root: their list is shorter, without an error. */
const TRUSTED = 'trusted';
const FACT = 'unseen';

/** What a process sees of a source. */
export interface Sight {
  capabilities: PosixCapabilities;
  /** It runs as root. */
  privileged: boolean;
}

/** What this process sees through a layer. */
export function sightOf({ capabilities }: { capabilities: PosixCapabilities }): Sight {
  return { capabilities, privileged: process.geteuid?.() === 0 };
}

/** `unseen` in a snapshot's facts: the aspects that this process cannot see; nothing where it sees all. */
export function unseenFacts(sight: Sight): SnapshotBody['facts'] {
  const unseen = unseenBy(sight);
  return unseen.length === 0 ? {} : { [FACT]: unseen };
}

/** True where a backup saw everything that this process can see. */
export function sawEnough(facts: SnapshotBody['facts'], sight: Sight): boolean {
  const unseen = facts[FACT];
  if (!Array.isArray(unseen)) return true;
  const now = unseenBy(sight);
  return [...ASPECTS, TRUSTED].every((aspect) => now.includes(aspect) || !unseen.includes(aspect));
}

function unseenBy({ capabilities, privileged }: Sight): string[] {
  const unseen: string[] = ASPECTS.filter((aspect) => !capabilities[aspect]);
  if (!privileged) unseen.push(TRUSTED);
  return unseen;
}
