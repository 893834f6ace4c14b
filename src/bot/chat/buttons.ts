import type { Clock } from '../../shared/clock.ts';
import type { RandomSource } from '../../shared/random.ts';
import type { ButtonPurpose, StoredButton } from '../../state/document.ts';
import type { State } from '../../state/state.ts';
import type { Button } from '../../view/view.ts';
import type { Person, Place } from '../platform.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
/** Used and expired buttons are known for so long, so that a late click is told as what it is. */
const REMEMBERED_MS = 60 * MINUTE_MS;
const MOST = 5000;

export interface NewButton {
  label: string;
  tone?: Button['tone'];
  purpose: ButtonPurpose;
  by: StoredButton['by'];
  /** It may be pressed again and again: nothing is lost by a second press. */
  again?: boolean;
}

export type Refusal = 'unknown' | 'expired' | 'used' | 'ended' | 'other person' | 'own request' | 'other channel';

/** Buttons that mean something: opaque IDs that work once, for the right person, in the right channel, in time. They outlive the process. */
export class Buttons {
  readonly #state: State;
  readonly #clock: Clock;
  readonly #random: RandomSource;

  constructor({ state, clock, random }: { state: State; clock: Clock; random: RandomSource }) {
    this.#state = state;
    this.#clock = clock;
    this.#random = random;
  }

  /** Buttons of which one press uses up all. They are on disk when this resolves, as far as it can be written at all: on a full disk they end with the process. */
  async create(
    buttons: readonly NewButton[],
    place: Pick<Place, 'platform' | 'channel'>,
    validMs: number,
  ): Promise<Button[]> {
    const group = this.#newId();
    const now = this.#clock.now();
    const expires = new Date(now + validMs).toISOString();
    const { platform, channel } = place;
    const stored = buttons.map(
      ({ purpose, by, again }): StoredButton => ({
        id: this.#newId(),
        purpose,
        by,
        platform,
        channel,
        group,
        expires,
        used: null,
        ...(again && { again }),
      }),
    );
    const saved = this.#state.update((document) => {
      document.buttons = [...document.buttons, ...stored].filter((button) => isRemembered(button, now)).slice(-MOST);
    });
    await saved.catch(() => {});
    return buttons.map(({ label, tone }, i) => ({ id: stored[i]?.id ?? '', label, ...(tone && { tone }) }));
  }

  /** The button that is pressed, or why not; `option` is what was chosen with it. It changes nothing. */
  check(id: string, person: Person, place: Place, option?: string): StoredButton | Refusal {
    const button = this.#state.document.buttons.find((one) => one.id === id);
    if (button === undefined || !hasOption(button, option)) return 'unknown';
    if (button.platform !== place.platform || button.channel !== place.channel) return 'other channel';
    const barred = barredBy(button.by, person);
    if (barred !== undefined) return barred;
    if (button.used !== null) return 'used';
    return Date.parse(button.expires) <= this.#clock.now() ? 'expired' : button;
  }

  /** Uses the button up with its group, unless it may be pressed again; at once in memory, and on disk when this resolves. */
  use(button: StoredButton): Promise<void> {
    if (button.again) return Promise.resolve();
    const used = new Date(this.#clock.now()).toISOString();
    return this.#state.update(({ buttons }) => {
      for (const other of buttons) if (other.group === button.group) other.used ??= used;
    });
  }

  #newId(): string {
    return this.#random.bytes(16).toString('base64url');
  }
}

function barredBy(by: StoredButton['by'], person: Person): Refusal | undefined {
  const isSame = (other: Pick<Person, 'platform' | 'id'>): boolean =>
    other.platform === person.platform && other.id === person.id;
  if (by === 'owners') return undefined;
  if ('only' in by) return isSame(by.only) ? undefined : 'other person';
  return isSame(by.ownersBut) ? 'own request' : undefined;
}

/** Whether it is one of those that were offered, where some were. */
function hasOption({ purpose }: StoredButton, option: string | undefined): boolean {
  return purpose.kind !== 'choose' || purpose.values.some((_value, i) => String(i) === option);
}

function isRemembered({ expires }: StoredButton, now: number): boolean {
  return Date.parse(expires) > now - REMEMBERED_MS;
}
