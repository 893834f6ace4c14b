/**
 * Lets many who ask the same at once share one answer. Whoever asks while an answer is being worked out gets the next one, so that everybody sees what was
 * there when they asked.
 */
export class SharedRead<T> {
  readonly #read: (key: string) => Promise<T>;
  readonly #running = new Map<string, { now: Promise<T>; next: Promise<T> | undefined }>();

  constructor(read: (key: string) => Promise<T>) {
    this.#read = read;
  }

  get(key: string): Promise<T> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#start(key);
    running.next ??= running.now.then(
      () => this.#start(key),
      () => this.#start(key),
    );
    return running.next;
  }

  #start(key: string): Promise<T> {
    const now = this.#read(key);
    const entry = { now, next: undefined };
    this.#running.set(key, entry);
    const end = (): void => {
      if (entry.next === undefined) this.#running.delete(key);
    };
    now.then(end, end);
    return now;
  }
}
