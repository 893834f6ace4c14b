// @ts-check
// Makes a checkout ready to run: `node tools/prepare/prepare.mjs start|test`.
// Any Node from 20 on may run it, before anything is installed; so it is JavaScript and imports no package.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { staleReason } from './installed.mjs';
import { installCommands, missingPackages } from './system-packages.mjs';

const REQUIRED_MAJOR = 24;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`holdfast: ${message}\n`);
  process.exit(2);
}

/** @param {string} file @returns {unknown} */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Runs a command with its output on standard error: standard output and input belong to what runs next. */
function run(/** @type {string} */ command, /** @type {string[]} */ args) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] }).status === 0;
}

/** The npm that runs this script, on the Node it runs on: `npm ci` replaces the Node of the checkout. */
function npm(/** @type {string[]} */ args) {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  return script && node ? run(node, [script, ...args]) : run('npm', args);
}

function ensureInstalled(/** @type {boolean} */ withDev) {
  const reason = staleReason(readJson('package-lock.json'), readJson('node_modules/.package-lock.json'), withDev);
  if (reason === undefined) return;
  process.stderr.write(`holdfast: ${reason}; npm ci installs it, which takes about half a minute\n`);
  // Only errors: an older npm's Node is not the one that the packages run on, and npm would warn of that for each.
  if (!npm(['ci', '--loglevel=error'])) fail('npm ci failed: see its messages above');
}

function ensureNode() {
  const own = join(root, 'node_modules/.bin/node');
  const node = existsSync(own) ? own : process.execPath;
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';
  if (Number.parseInt(version.slice(1), 10) >= REQUIRED_MAJOR) return;
  fail(
    `Node ${REQUIRED_MAJOR} or newer is needed, and ${node} is ${version || 'not runnable'}. ` +
      `The checkout brings its own for Linux on x64 and arm64 (run npm ci without --omit=optional); elsewhere install it.`,
  );
}

function ensureSystemPackages() {
  const list = /** @type {import('./system-packages.mjs').SystemPackage[]} */ (readJson('tools/system-packages.json'));
  const folders = (process.env.PATH ?? '').split(delimiter);
  const missing = missingPackages(list, folders);
  if (missing.length === 0) return;
  const names = missing.map((item) => item.package);
  const commands = installCommands(names);
  const byHand = commands.map((words) => words.join(' ')).join(' && ');
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    fail(`the tests need ${names.join(', ')}. Install with: ${byHand} (as root)`);
  }
  process.stderr.write(`holdfast: the tests need ${names.join(', ')}; running ${byHand}\n`);
  for (const [command = '', ...args] of commands) run(command, args);
  const still = missingPackages(list, folders);
  if (still.length > 0) fail(`could not install ${still.map((item) => item.package).join(', ')}. Try: ${byHand}`);
}

const purpose = process.argv[2];
ensureInstalled(purpose === 'test');
ensureNode();
if (purpose === 'test') ensureSystemPackages();
