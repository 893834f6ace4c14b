import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRepository } from '../../src/backup/index.ts';
import { Random } from '../corpora/random.ts';

export const PASSPHRASE = 'only for measuring';
const FILES = 40;
const HOUR_MS = 3_600_000;
/** When the newest one was taken; the others lie hours apart before it. */
const NEWEST = Date.parse('2026-11-30T12:00:00Z');

/** A repository with so many snapshots of a small folder. It is made once and kept: to be copied before it is used. */
export async function prepareSnapshots(
  folder: string,
  count: number,
  say: (line: string) => void,
): Promise<{ repository: string; source: string }> {
  const home = join(folder, `snapshots-${count}`);
  if (!existsSync(home)) {
    say(`Taking ${count} snapshots ...`);
    const making = `${home}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    await take(making, count);
    renameSync(making, home);
  }
  return { repository: join(home, 'repository'), source: join(home, 'small') };
}

async function take(home: string, count: number): Promise<void> {
  const source = join(home, 'small');
  const random = new Random('snapshots', count);
  const write = (file: number): void =>
    writeFileSync(join(source, `file-${file}.txt`), `${random.uint32()}\n`.repeat(random.between(1, 400)));
  mkdirSync(source);
  for (let file = 0; file < FILES; file++) write(file);
  const engine = await createRepository({ location: join(home, 'repository'), passphrase: () => PASSPHRASE });
  try {
    for (let i = count - 1; i >= 0; i--) {
      write(random.below(FILES));
      const time = new Date(NEWEST - i * HOUR_MS).toISOString();
      await engine.backup({ paths: [source], source: 'small', time, tags: i % 24 === 0 ? ['daily'] : [] });
    }
  } finally {
    await engine.close();
  }
}
