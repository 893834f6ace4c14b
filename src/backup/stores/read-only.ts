import { HoldfastError } from '../../shared/errors.ts';
import { StoreWrapper } from './store-wrapper.ts';

/** Refuses whatever would change the store. */
export class ReadOnlyStore extends StoreWrapper {
  override async put(name: string): Promise<void> {
    throw this.#refusal(`store ${name}`);
  }

  override async delete(name: string): Promise<void> {
    throw this.#refusal(`delete ${name}`);
  }

  override async spoolFolder(): Promise<string> {
    throw this.#refusal('prepare an object');
  }

  #refusal(doing: string): HoldfastError {
    return new HoldfastError('refused', `Cannot ${doing}: ${this.location} is open for reading only.`, {
      advice: 'Open the repository for writing.',
    });
  }
}
