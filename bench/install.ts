import { spawnSync } from 'node:child_process';
import { ALL_TOOLS, isInstalled } from './peers.ts';
import type { ToolName } from './results.ts';

/** The tools that can run. Missing Debian packages are installed when root; else a note says how to get them. */
export function provideTools(wanted: readonly ToolName[], say: (line: string) => void): ToolName[] {
  const missing = wanted.filter((name) => !installed(name)).flatMap((name) => ALL_TOOLS[name].debianPackage ?? []);
  if (missing.length > 0) {
    const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
    if (process.getuid?.() === 0) {
      say(`Installing ${missing.join(' and ')} ...`);
      spawnSync('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] });
    } else say(`To measure ${missing.join(' and ')} too, run as root: ${command}`);
  }
  const ready = wanted.filter(installed);
  for (const name of wanted) if (!ready.includes(name)) say(`Left out: ${name} (${ALL_TOOLS[name].program} not found)`);
  return ready;
}

/** What the tool says of its version, on one line. */
export function versionOf(name: ToolName): string {
  const [program, ...args] = ALL_TOOLS[name].version as [string, ...string[]];
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  const line = stdout?.trim().split('\n')[0];
  return status === 0 && line ? line : 'unknown';
}

function installed(name: ToolName): boolean {
  return isInstalled(ALL_TOOLS[name], process.env.PATH ?? '');
}
