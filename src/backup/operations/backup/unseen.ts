import type { SnapshotBody } from '../../format/bodies.ts';
import type { PosixCapabilities } from '../../posix/capabilities.ts';

/** What a backup may be unable to see. Files that it read are not taken over from it by one that sees more. */
const ASPECTS = ['xattrs', 'holes'] as const satisfies readonly (keyof PosixCapabilities)[];
const FACT = 'unseen';

/** `unseen` in a snapshot's facts: the aspects that this layer cannot see; nothing where it sees all. */
export function unseenFacts({ capabilities }: { capabilities: PosixCapabilities }): SnapshotBody['facts'] {
  const unseen = ASPECTS.filter((aspect) => !capabilities[aspect]);
  return unseen.length === 0 ? {} : { [FACT]: unseen };
}

/** True where a backup saw everything that this layer can see. */
export function sawEnough(
  facts: SnapshotBody['facts'],
  { capabilities }: { capabilities: PosixCapabilities },
): boolean {
  const unseen = facts[FACT];
  return !Array.isArray(unseen) || !ASPECTS.some((aspect) => capabilities[aspect] && unseen.includes(aspect));
}
