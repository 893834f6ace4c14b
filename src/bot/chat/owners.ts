import { createHash, timingSafeEqual } from 'node:crypto';
import type { Owner } from '../../config/config.ts';
import type { Clock } from '../../shared/clock.ts';
import type { RandomSource } from '../../shared/random.ts';
import type { State } from '../../state/state.ts';
import type { Person } from '../platform.ts';

const CODE_VALID_MS = 3_600_000;
/** Without letters and digits that look alike. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const GROUPS = 4;
const GROUP_LENGTH = 4;

export interface OwnersParts {
  configured: readonly Owner[];
  local: readonly Owner[];
  state: State;
  clock: Clock;
}

/** Who owns the bot: those whom the configuration names, and whoever claimed it. */
export class Owners {
  readonly #configured: readonly Owner[];
  readonly #local: readonly Owner[];
  readonly #state: State;
  readonly #clock: Clock;

  /** `local` are those who sit at the machine: they own it anyway, and do not count when it is asked whether somebody owns the bot. */
  constructor({ configured, local, state, clock }: OwnersParts) {
    this.#configured = configured;
    this.#local = local;
    this.#state = state;
    this.#clock = clock;
  }

  has({ platform, id }: Person): boolean {
    return [...this.#all(), ...this.#local].some((owner) => owner.platform === platform && owner.id === id);
  }

  get none(): boolean {
    return this.#all().length === 0;
  }

  /** Makes a code that makes its first sender an owner, and forgets the one before. Only its digest is kept. */
  async issueCode(random: RandomSource): Promise<string> {
    const code = Array.from({ length: GROUPS }, () => letters(random, GROUP_LENGTH)).join('-');
    const expires = new Date(this.#clock.now() + CODE_VALID_MS).toISOString();
    await this.#state.update((document) => {
      document.claim = { digest: digest(code), expires };
    });
    return code;
  }

  /** True where `code` was right, in time, and nobody owned the bot: then `person` does. */
  async claim(code: string, person: Person): Promise<boolean> {
    return this.#state.update((document) => {
      const { claim } = document;
      if (claim === null || !this.none || Date.parse(claim.expires) <= this.#clock.now()) return false;
      if (!timingSafeEqual(Buffer.from(claim.digest, 'hex'), Buffer.from(digest(code), 'hex'))) return false;
      document.claim = null;
      document.owners.push({ ...person, since: new Date(this.#clock.now()).toISOString() });
      return true;
    });
  }

  #all(): readonly Owner[] {
    return [...this.#configured, ...this.#state.document.owners];
  }
}

/** However it is typed. */
function digest(code: string): string {
  return createHash('sha256')
    .update(code.toUpperCase().replace(/[^A-Z0-9]/g, ''))
    .digest('hex');
}

function letters(random: RandomSource, count: number): string {
  let found = '';
  while (found.length < count) {
    const byte = random.bytes(1)[0] ?? 0;
    // Every letter is equally likely.
    if (byte < ALPHABET.length * 8) found += ALPHABET[byte % ALPHABET.length];
  }
  return found;
}
