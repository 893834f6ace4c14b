import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ContentWriter, type StoredContent } from '../../../../src/backup/operations/writing/content-writer.ts';
import { WritingSession } from '../../../../src/backup/operations/writing/writing-session.ts';
import { type BackupPlace, backupPlace } from '../../../helpers/backup-place.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { randomContent } from '../../../helpers/tree/random-content.ts';
import { environmentOf } from '../helpers/environment.ts';

const seed = testSeed();
const random = new SeededRandom(seed);

async function openWriter(place: BackupPlace): Promise<ContentWriter> {
  const session = await WritingSession.open(place.repository, {
    ...environmentOf(place.repository),
    operation: 'backup',
  });
  onTestFinished(() => session.close());
  return new ContentWriter(session);
}

function fileOf(place: BackupPlace, content: Buffer): number {
  const path = join(place.root, `content ${content.length}`);
  fs.writeFileSync(path, content);
  return fs.openSync(path, 'r');
}

function expectContent({ digest, length }: StoredContent, content: Buffer): void {
  expect(length).toBe(content.length);
  expect(digest?.equals(createHash('sha256').update(content).digest())).toBe(true);
}

describe(`storing contents, seed ${seed}`, () => {
  it('goes on cleanly after one that could not be read to its end, however often', async () => {
    const place = backupPlace();
    const writer = await openWriter(place);
    const content = randomContent(random, 5_000_000);
    const fresh = await writer.storeFile(fileOf(place, content), content.length, [], () => {});
    // More than the shared memory holds, were any of it kept.
    for (let i = 0; i < 12; i++) {
      const fd = fileOf(place, randomContent(random, 4_000_000));
      let slices = 0;
      const breakOff = () => {
        if (++slices === 3) fs.closeSync(fd);
      };
      await expect(writer.storeFile(fd, 4_000_000, [], breakOff)).rejects.toMatchObject({ code: 'EBADF' });
    }
    const again = await writer.storeFile(fileOf(place, content), content.length, [], () => {});
    expectContent(again, content);
    expect(again.chunks).toEqual(fresh.chunks);
    expect(again.added).toBe(0);
  });

  it('takes what is there of one that is shorter than expected', async () => {
    const place = backupPlace();
    const writer = await openWriter(place);
    const content = randomContent(random, 700_000);
    expectContent(await writer.storeFile(fileOf(place, content), 2_000_000, [], () => {}), content);
  });

  it('hashes the zeros of holes and stores none', async () => {
    const place = backupPlace();
    const writer = await openWriter(place);
    const content = Buffer.alloc(3_000_000);
    randomContent(random, 400_000).copy(content, 1_048_576);
    const holes = [
      { offset: 0, length: 1_048_576 },
      { offset: 1_448_576, length: 1_551_424 },
    ];
    const stored = await writer.storeFile(fileOf(place, content), content.length, holes, () => {});
    expect(stored.length).toBe(400_000);
    expect(stored.digest?.equals(createHash('sha256').update(content).digest())).toBe(true);
  });
});
