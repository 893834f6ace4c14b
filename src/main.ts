import { readFileSync } from 'node:fs';
import { HoldfastError } from './shared/errors.ts';

/** The version in package.json, the only place where it is written. */
function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}

function run(args: readonly string[]): void {
  if (args.length === 1 && args[0] === '--version') {
    process.stdout.write(`${readVersion()}\n`);
    return;
  }
  throw new HoldfastError('usage', `Unknown arguments: ${args.join(' ')}`, { advice: 'Run holdfast --version.' });
}

try {
  run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error;
  process.stderr.write(`holdfast: ${error.message}. ${error.advice ?? ''}\n`);
  process.exitCode = error.exitStatus;
}
