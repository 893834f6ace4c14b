import { describe, expect, it } from 'vitest';
import type { QueuedEntry } from '../../../../src/backup/operations/backup/entry-queue.ts';
import { FileBatcher } from '../../../../src/backup/operations/backup/file-batcher.ts';
import type { WritingSession } from '../../../../src/backup/operations/writing/writing-session.ts';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import { FolderHandle } from '../../../../src/backup/sources/folder/folder-handle.ts';
import type { Found } from '../../../../src/backup/sources/folder/walk.ts';
import type { FilesJob, FilesResult } from '../../../../src/backup/threads/pack-jobs.ts';
import type { ByteString } from '../../../../src/shared/bytes.ts';

const FOLDER = FolderHandle.root(openPosix(), '/' as ByteString);

/** A batcher whose threads answer at once, and the names that each job had. */
function batching() {
  const jobs: string[][] = [];
  const run = (job: FilesJob): Promise<FilesResult> => {
    jobs.push(job.names);
    const count = job.names.length;
    const empty = { details: [], bytesRead: 0, bytesAdded: 0, chunksAdded: 0 };
    return Promise.resolve({
      kind: 'files',
      status: new Uint8Array(count),
      digests: new Uint8Array(32 * count),
      ...empty,
    });
  };
  const settled: string[] = [];
  const session = { pool: { run } } as unknown as WritingSession;
  const batcher = new FileBatcher(
    session,
    ({ found }) => settled.push(found.name),
    () => {},
  );
  const add = (name: string) => {
    const status = { size: 100, blocks: 8 };
    const found = { name, folder: FOLDER, status } as unknown as Found;
    return batcher.add({ found, queued: {} as QueuedEntry });
  };
  return { batcher, jobs, settled, add };
}

describe('small files', () => {
  it('go to a thread together', async () => {
    const { batcher, jobs, settled, add } = batching();
    const names = Array.from({ length: 300 }, (_, i) => `${i}`);
    const full = names.filter((name) => {
      const sent = add(name);
      batcher.pass();
      return sent;
    });
    await batcher.settle();
    expect(jobs.map((job) => job.length)).toEqual([128, 128, 44]);
    expect(full).toHaveLength(2);
    expect(settled).toEqual(names);
  });

  it('do not keep what follows them waiting for others that may be far away', async () => {
    const { batcher, jobs, add } = batching();
    for (let i = 0; i < 5000; i++) {
      if (i % 1000 === 0) add(`${i}`);
      batcher.pass();
    }
    expect(jobs).toEqual([['0'], ['1000'], ['2000'], ['3000'], ['4000']]);
    await batcher.settle();
    expect(jobs).toHaveLength(5);
  });
});
