import { emptyState, type StateDocument } from '../../src/state/document.ts';
import type { State } from '../../src/state/state.ts';

/** A state in memory. What a later process would find of it is what JSON keeps. */
export class MemoryState implements State {
  readonly losses: readonly string[] = [];
  document: StateDocument;
  /** How often something was written. */
  writes = 0;

  constructor(document = emptyState()) {
    this.document = document;
  }

  async update<T>(change: (document: StateDocument) => T): Promise<T> {
    this.writes++;
    return change(this.document);
  }

  async close(): Promise<void> {}

  /** As it is read after a restart. */
  reopened(): MemoryState {
    return new MemoryState(JSON.parse(JSON.stringify(this.document)));
  }
}
