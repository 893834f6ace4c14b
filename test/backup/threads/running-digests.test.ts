import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ZEROS } from '../../../src/backup/threads/pack-jobs.ts';
import { RunningDigests } from '../../../src/backup/threads/running-digests.ts';

const MEMORY = Buffer.from('one two three four');

function sha256(...pieces: (string | Buffer)[]): Uint8Array {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

describe('digests of contents that come piece by piece', () => {
  it('answer the last piece alone', () => {
    const digests = new RunningDigests(MEMORY);
    const first = digests.run({ kind: 'digest', content: 1, spans: [4, 3, 0, 3], last: false });
    expect(first.digest).toBeUndefined();
    const last = digests.run({ kind: 'digest', content: 1, spans: [8, 5], last: true });
    expect(last.digest).toEqual(sha256('two', 'one', 'three'));
  });

  it('count zeros that lie nowhere, however many', () => {
    const digests = new RunningDigests(MEMORY);
    const { digest } = digests.run({ kind: 'digest', content: 1, spans: [ZEROS, 200_001, 0, 3, ZEROS, 2], last: true });
    expect(digest).toEqual(sha256(Buffer.alloc(200_001), 'one', Buffer.alloc(2)));
  });

  it('begin anew once a content has ended', () => {
    const digests = new RunningDigests(MEMORY);
    digests.run({ kind: 'digest', content: 1, spans: [0, 3], last: true });
    expect(digests.run({ kind: 'digest', content: 1, spans: [4, 3], last: true }).digest).toEqual(sha256('two'));
  });
});
