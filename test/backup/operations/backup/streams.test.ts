import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../../src/backup/ports.ts';
import { backupPlace, eagerClock } from '../../../helpers/backup-place.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { randomContent } from '../../../helpers/tree/random-content.ts';

const seed = testSeed();
const random = new SeededRandom(seed);

/** The content in pieces of any size, as a pipe would give it. */
async function* pieces(content: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; ) {
    const length = 1 + random.below(200_000);
    yield content.subarray(at, at + length);
    at += length;
  }
}

describe(`standard input, seed ${seed}`, () => {
  it.each([0, 1, 262_144, 262_145, 1_048_576, 5_000_001])(
    'comes back as a file of its name (%i bytes)',
    async (size) => {
      const place = backupPlace();
      const content = randomContent(random, size);
      const result = await place.backup({ stdin: { name: 'dump.sql', stream: pieces(content) } });
      expect(result).toMatchObject({
        files: { new: 1 },
        bytes: size,
        bytesRead: size,
        bytesAdded: size,
        source: 'dump.sql',
      });
      const restored = await place.restore(result.snapshot);
      expect(readFileSync(join(restored, 'dump.sql')).equals(content)).toBe(true);
    },
  );

  it('is deduplicated against the one before', async () => {
    const place = backupPlace();
    const content = randomContent(random, 8_000_000);
    const take = (bytes: Buffer) => place.backup({ stdin: { name: 'in', stream: pieces(bytes) } });
    const first = await take(content);
    const next = await take(
      Buffer.concat([content.subarray(0, 4_000_000), Buffer.from('more'), content.subarray(4_000_000)]),
    );
    expect(next).toMatchObject({ parent: first.snapshot, files: { new: 0, changed: 1, unmodified: 0 } });
    expect(next.bytesAdded).toBeLessThan(4_000_000);
  });

  it.each(['', '.', '..', 'a/b', 'nul\0'])('cannot be called %j', async (name) => {
    await expect(backupPlace().backup({ stdin: { name, stream: pieces(Buffer.alloc(1)) } })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('makes no snapshot when it breaks off', async () => {
    const place = backupPlace();
    const stream = (async function* () {
      yield Buffer.alloc(3_000_000, 'a');
      throw new Error('the pipe broke');
    })();
    await expect(place.backup({ stdin: { name: 'in', stream } })).rejects.toThrow('the pipe broke');
    expect(await place.engine().list()).toEqual([]);
    expect(await place.repository.store.list('sessions/')).toEqual([]);
  });

  it('spreads over several packs and index runs', async () => {
    const place = backupPlace({ clock: { ...eagerClock(), monotonic: hours() } });
    const content = randomContent(random, 70 * 2 ** 20);
    const { store } = place.repository;
    // The second half comes when the first pack is in the store, so that there is something to index.
    const stream = (async function* () {
      yield* pieces(content.subarray(0, 36 * 2 ** 20));
      while ((await store.list('packs/')).length === 0) await delay(5);
      yield* pieces(content.subarray(36 * 2 ** 20));
    })();
    const { snapshot } = await place.backup({ stdin: { name: 'in', stream } });
    expect((await place.repository.store.list('packs/')).length).toBeGreaterThan(2);
    expect((await place.repository.store.list('index/')).length).toBeGreaterThan(1);
    const restored = readFileSync(join(await place.restore(snapshot), 'in'));
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(hash(restored)).toBe(hash(content));
  });
});

/** A quarter of an hour goes by between any two looks, so that index runs are always due. */
function hours(): () => number {
  let now = 0;
  return () => (now += 15 * 60 * 1000);
}

describe("a command's output", () => {
  it('comes back as a file of its name', async () => {
    const place = backupPlace();
    const result = await place.backup({ command: { name: 'out', argv: ['printf', '%s', 'hello'] } });
    expect(result).toMatchObject({ files: { new: 1 }, bytes: 5, source: 'out' });
    expect(readFileSync(join(await place.restore(result.snapshot), 'out'), 'utf8')).toBe('hello');
  });

  it.each([
    ['fails', ['sh', '-c', 'echo some output; exit 3']],
    ['is killed', ['sh', '-c', 'echo some output; kill -9 $$']],
    ['does not exist', ['/nowhere/program']],
  ])('makes no snapshot when the command %s', async (_, argv) => {
    const place = backupPlace();
    await expect(place.backup({ command: { name: 'out', argv } })).rejects.toMatchObject({ code: 'command_failed' });
    expect(await place.engine().list()).toEqual([]);
    expect(await place.repository.store.list('sessions/')).toEqual([]);
  });
});

describe('progress', () => {
  it('only ever grows, up to what the result says', async () => {
    const place = backupPlace();
    for (let i = 0; i < 300; i++) place.make.file(`file ${i}`, randomContent(random, random.below(20_000)));
    place.make.file('large', randomContent(random, 5_000_000));
    const events: ProgressEvent[] = [];
    const context = { onProgress: (event: ProgressEvent) => events.push(event) };
    const result = await place.backup({}, { clock: eagerClock(), context, threads: 1 });
    const counted = events.map(({ files = 0, bytes = 0 }) => ({ files, bytes }));
    counted.forEach(({ files, bytes }, i) => {
      const before = counted[i - 1] ?? { files: 0, bytes: 0 };
      expect(files).toBeGreaterThanOrEqual(before.files);
      expect(bytes).toBeGreaterThanOrEqual(before.bytes);
    });
    const last = counted.at(-1);
    expect(last?.bytes).toBeGreaterThan(0);
    expect(last?.bytes).toBeLessThanOrEqual(result.bytes);
    expect(last?.files).toBeLessThanOrEqual(result.files.new);
  });
});
