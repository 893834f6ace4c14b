import type { StateDocument } from '../state/document.ts';
import type { State } from '../state/state.ts';

/** Changes the state for somebody who goes on whether it can be saved or not: then it stays known in memory, and the state itself says that it cannot be saved. */
export async function remember(state: State, change: (document: StateDocument) => void): Promise<void> {
  await state.update(change).catch(() => {});
}
