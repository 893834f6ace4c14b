import type { OpenServices } from '../bot/chat/requests.ts';
import type { PlatformState } from '../bot/platform.ts';
import type { Readiness } from '../http/status-server.ts';
import { HoldfastError } from '../shared/errors.ts';

/** `refused`: it can never be reached as it is configured. */
type PlatformHealth = PlatformState | 'refused';

/** What is known of the parts that the bot depends on, for `/readyz` and `/metrics`. Names and codes only: whoever reads it need not be an owner. */
export class Health {
  readonly #platforms = new Map<string, PlatformHealth>();
  #repository = 'not opened yet';
  #stopping = false;

  constructor(platforms: readonly string[]) {
    for (const name of platforms) this.#platforms.set(name, 'starting');
  }

  get platforms(): ReadonlyMap<string, PlatformHealth> {
    return this.#platforms;
  }

  platformIs(name: string, state: PlatformHealth): void {
    this.#platforms.set(name, state);
  }

  stopping(): void {
    this.#stopping = true;
  }

  /** Services that tell whether the repository could be opened when somebody last wanted it. */
  watched(services: OpenServices): OpenServices {
    const repository: OpenServices['repository'] = async () => {
      try {
        const engine = await services.repository();
        this.#repository = 'open';
        return engine;
      } catch (error) {
        this.#repository = `cannot be opened (${error instanceof HoldfastError ? error.code : 'internal'})`;
        throw error;
      }
    };
    return { ...services, repository };
  }

  /** A platform that is known to be away does not make the bot unready: backups go on, and what it has to say waits. */
  readiness(): Readiness {
    const reasons = [
      ...(this.#stopping ? ['the bot is stopping'] : []),
      ...(this.#repository === 'open' ? [] : [`repository: ${this.#repository}`]),
      ...[...this.#platforms].flatMap(([name, state]) => (state === 'starting' ? [`${name}: starting`] : [])),
    ];
    return {
      ready: reasons.length === 0,
      reasons,
      repository: this.#repository,
      platforms: Object.fromEntries(this.#platforms),
    };
  }
}
