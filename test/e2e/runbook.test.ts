import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRepository } from '../../src/backup/index.ts';
import { collectRunbook } from '../../src/runbook/collect.ts';
import { type RunbookForm, renderRunbook } from '../../src/runbook/page.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { readTree } from '../helpers/compare-trees.ts';

const PASSPHRASE = 'a passphrase, kept apart';
/** Where quotes, blanks and dollar signs are part of the path. */
const AWKWARD = `re po's "$(touch hacked)" \`x\``;

let folder: string;
let pages: Record<RunbookForm, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-runbook-'));
  const location = join(folder, AWKWARD);
  const engine = await createRepository({ location, passphrase: () => PASSPHRASE, label: 'first' });
  for (const name of ['app', 'web $HOME']) {
    const data = join(folder, `data of ${name}`);
    mkdirSync(join(data, 'deep/er'), { recursive: true });
    writeFileSync(join(data, 'deep/er/file.txt'), `content of ${name}\n`);
    writeFileSync(join(data, "it's $HOME.txt"), 'x'.repeat(5000));
    symlinkSync('deep/er', join(data, 'link'));
    await engine.backup({ paths: [data], source: name });
  }
  const setting = { program: 'Holdfast', host: 'here', contacts: [], sources: undefined };
  const facts = await collectRunbook(engine, setting, systemClock.now());
  pages = { full: renderRunbook(facts, 'full'), reduced: renderRunbook(facts, 'reduced') };
  await engine.putRunbook(Buffer.from(pages.reduced));
  await engine.close();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The blocks of code of one section, as somebody would copy them. */
function blocksOf(page: string, section: string): string[] {
  const [, from = ''] = page.split(`<section id="${section}">`);
  const [own = ''] = from.split('</section>');
  return [...own.matchAll(/<pre><code>(.*?)<\/code><\/pre>/gs)].map(([, code = '']) =>
    code
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&'),
  );
}

interface Shell {
  home: string;
  cwd: string;
  path: string;
}

/** Runs a block in a shell of its own, on a machine that has only what the system brings, and node. */
function run(block: string, { home, cwd, path }: Shell): Promise<{ status: number; output: string }> {
  const env = { HOME: home, PATH: path, HOLDFAST_PASSWORD: PASSPHRASE, LANG: 'C.UTF-8' };
  return new Promise((resolve) => {
    const child = execFile('bash', ['-c', block], { cwd, env }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ status, output: `${stdout}${stderr}` });
    });
    child.stdin?.end();
  });
}

function newHome(): string {
  return mkdtempSync(join(folder, 'home-'));
}

const SYSTEM = `${dirname(process.execPath)}:/usr/bin:/bin`;
const CHECKOUT = fileURLToPath(new URL('../../bin', import.meta.url));

async function runAll(blocks: readonly string[], shell: Shell): Promise<string> {
  let all = '';
  for (const block of blocks) {
    const { status, output } = await run(block, shell);
    expect({ block, status, output }).toMatchObject({ status: 0 });
    all += output;
  }
  return all;
}

/** Names and content: the rescue program says itself that it sets times less exactly. */
function contentOf(path: string): unknown[] {
  return [...readTree(path)].map(([name, { mtimeNs: _, ...facts }]) => [name, facts]);
}

function expectRestored(home: string): void {
  expect(contentOf(join(home, 'restored/app'))).toEqual(contentOf(join(folder, 'data of app')));
  expect(contentOf(join(home, 'restored/web_HOME'))).toEqual(contentOf(join(folder, 'data of web $HOME')));
}

describe('the commands of a runbook, as they are printed', () => {
  it('restore without Holdfast, given only the repository and the passphrase', async () => {
    const home = newHome();
    const blocks = blocksOf(pages.full, 'without-holdfast');
    expect(blocks.length).toBeGreaterThan(6);
    const output = await runAll(blocks, { home, cwd: home, path: SYSTEM });
    expect(output).toContain('rescue-0.1.0.mjs: OK');
    expect(output).toContain('No damage was found');
    expectRestored(home);
  });

  it('restore from a copy of the repository somewhere else, by the page that lies in it', async () => {
    const home = newHome();
    const moved = join(home, 'copy');
    cpSync(join(folder, AWKWARD), moved, { recursive: true });
    const [name = ''] = [...pages.reduced.matchAll(/rescue-[\d.]+\.mjs/g)].map(([found]) => found);
    expect(readFileSync(join(moved, name), 'utf8')).toContain('restore');
    await runAll(blocksOf(pages.reduced, 'without-holdfast'), { home, cwd: moved, path: SYSTEM });
    expectRestored(home);
  });

  it('restore and compare every checksum with Holdfast', async () => {
    const home = newHome();
    const blocks = blocksOf(pages.full, 'with-holdfast');
    const output = await runAll(blocks, { home, cwd: home, path: `${CHECKOUT}:${SYSTEM}` });
    expect(output.match(/every file is right/g)).toHaveLength(2);
    expectRestored(home);
  });
});
