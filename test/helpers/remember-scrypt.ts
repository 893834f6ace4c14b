import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, beforeAll } from 'vitest';

type Scrypt = typeof crypto.scrypt;
type Result = [Error | null, Buffer];

/**
 * While this file's tests run, scrypt computes what it is asked for again only once: even at the least that a key slot may
 * cost it takes longer than all else that opening a small repository takes. For tests that are not about scrypt.
 */
export function rememberScrypt(): void {
  const compute = crypto.scrypt;
  beforeAll(() => replace(remembering(compute)));
  afterAll(() => replace(compute));
}

function replace(scrypt: Scrypt): void {
  crypto.scrypt = scrypt;
  syncBuiltinESMExports();
}

function remembering(compute: Scrypt): Scrypt {
  const results = new Map<string, Promise<Result>>();
  return ((
    password: Buffer,
    salt: Buffer,
    length: number,
    options: crypto.ScryptOptions,
    done: (...result: Result) => void,
  ) => {
    const asked = JSON.stringify([password.toString('base64'), salt.toString('base64'), length, options]);
    let result = results.get(asked);
    if (result === undefined) {
      result = new Promise((resolve) => compute(password, salt, length, options, (...computed) => resolve(computed)));
      results.set(asked, result);
    }
    // Each caller may wipe its key.
    void result.then(([error, key]) => done(error, error === null ? Buffer.from(key) : key));
  }) as Scrypt;
}
