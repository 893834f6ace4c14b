import type { SnapshotBody } from '../../format/bodies.ts';
import type { SnapshotRecord } from '../../repository/snapshots.ts';

/** Where a snapshot was taken: its first repository, however often it was copied. */
export interface Origin {
  repository: string;
  snapshot: string;
}

const FACT = 'copiedFrom';

/** The origin of a snapshot that lies in the repository with this ID. */
export function originOf(repositoryId: string, { id, body }: Pick<SnapshotRecord, 'id' | 'body'>): Origin {
  const copied = body.facts[FACT] as Partial<Origin> | undefined;
  if (typeof copied?.repository === 'string' && typeof copied.snapshot === 'string') {
    return { repository: copied.repository, snapshot: copied.snapshot };
  }
  return { repository: repositoryId, snapshot: id };
}

export function factsWithOrigin(facts: SnapshotBody['facts'], origin: Origin): SnapshotBody['facts'] {
  return { ...facts, [FACT]: { repository: origin.repository, snapshot: origin.snapshot } };
}

export const originKey = ({ repository, snapshot }: Origin): string => `${repository} ${snapshot}`;
