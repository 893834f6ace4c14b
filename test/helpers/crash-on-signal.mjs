/**
 * Loaded into a program by NODE_OPTIONS=--import: makes it fail as a mistake of its own would, with an error that tells what the file CRASH_WORDS holds, a secret a line, in every way there is.
 * SIGUSR2 is an exception that nobody catches, SIGWINCH a promise that nobody waits for.
 */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

function failure(what) {
  const secrets = readFileSync(process.env.CRASH_WORDS, 'utf8').trim().split('\n');
  const all = secrets.join(' and ');
  const error = new TypeError(`${what} with ${all}`, { cause: new AggregateError([new Error(all)], all) });
  return Object.assign(error, {
    code: all,
    config: {
      url: `https://user:${secrets[0]}@127.0.0.1/?key=${encodeURIComponent(all)}`,
      headers: new Map([[all, all]]),
    },
    request: Object.assign(Readable.from([all]), { path: all }),
    body: Buffer.from(all),
    [all]: [[new Set(secrets)]],
    toJSON: () => all,
  });
}

process.on('SIGUSR2', () => {
  setImmediate(() => {
    throw failure('An exception');
  });
});
process.on('SIGWINCH', () => void Promise.reject(failure('A rejection')));
