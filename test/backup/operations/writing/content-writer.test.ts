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

async function openWriter(place: BackupPlace, threads = 0): Promise<ContentWriter> {
  const session = await WritingSession.open(place.repository, {
    ...environmentOf(place.repository, threads),
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

  it('reads the next ones while threads are at work on those before, more than the memory holds', async () => {
    const place = backupPlace();
    const writer = await openWriter(place, 2);
    const contents = Array.from({ length: 12 }, (_, i) => randomContent(random, 3_000_000 + 100_000 * i));
    const arrived = [];
    for (const content of contents) {
      arrived.push(await writer.readFile(fileOf(place, content), content.length, [], () => {}));
    }
    const stored = await Promise.all(arrived.map((each) => each.stored));
    for (const [i, content] of contents.entries()) {
      expect(arrived[i]?.length).toBe(content.length);
      expectContent(stored[i] as StoredContent, content);
      expect(stored[i]?.chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(content.length);
    }
  });

  it('tells whoever waits for a content that was read before that it could not be stored', async () => {
    const place = backupPlace();
    const environment = environmentOf(place.repository);
    const openSync = () => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    const files = { ...environment.files, openSync };
    const session = await WritingSession.open(place.repository, { ...environment, files, operation: 'backup' });
    onTestFinished(() => session.close());
    const writer = new ContentWriter(session);
    const content = randomContent(random, 900_000);
    const { stored } = await writer.readFile(fileOf(place, content), content.length, [], () => {});
    await expect(stored).rejects.toMatchObject({ code: 'storage_full' });
    await expect(writer.storeFile(fileOf(place, content), content.length, [], () => {})).rejects.toMatchObject({
      code: 'storage_full',
    });
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
