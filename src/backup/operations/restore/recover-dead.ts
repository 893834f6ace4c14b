import type { ByteString } from '../../../shared/bytes.ts';
import { encodeText } from '../../../shared/bytes.ts';
import { readProcessIdentity } from '../../../shared/process-identity.ts';
import type { RawString } from '../../format/bodies.ts';
import { openPosix } from '../../posix/open-posix.ts';
import type { Repository } from '../../repository/repository.ts';
import { deleteSession, listDeadRestores } from '../../repository/sessions.ts';
import { findJournals, type Recovery, recoverRestores } from './recover.ts';

/**
 * Finishes or undoes the restores from this repository whose process on this machine has died. Returns what was done, in sentences.
 * What cannot be ended now stays for the next time.
 */
export async function recoverDeadRestores(repository: Repository, native: 'auto' | 'off'): Promise<string[]> {
  const dead = await listDeadRestores(repository);
  if (dead.length === 0) return [];
  const posix = openPosix({ native });
  const self = readProcessIdentity();
  const sentences: string[] = [];
  for (const session of dead) {
    const target = session.body?.target;
    const journals = target === undefined ? [] : findJournals(posix, rawBytes(target));
    const recoveries = await recoverRestores(posix, journals, self);
    sentences.push(...recoveries.flatMap(sentenceOf));
    const open = recoveries.some(({ outcome }) => outcome === 'failed' || outcome === 'running');
    if (!open) await deleteSession(repository, session);
  }
  return sentences;
}

function sentenceOf({ target, outcome, journal, problem }: Recovery): string[] {
  if (outcome === 'failed') return [`An interrupted restore to ${target} could not be ended (${journal}): ${problem}`];
  if (outcome === 'running') return [];
  const end = outcome === 'finished' ? 'was finished' : 'was undone: the target is as it was before';
  return [`An interrupted restore to ${target} ${end}.`];
}

function rawBytes(text: RawString): ByteString {
  return typeof text === 'string'
    ? encodeText(text)
    : (Buffer.from(text.bytes, 'base64').toString('latin1') as ByteString);
}
