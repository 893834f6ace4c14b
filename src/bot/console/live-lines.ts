import { printableText } from '../../shared/printable.ts';
import { progressText } from '../../terminal/progress-text.ts';
import { displayWidth } from '../../terminal/width.ts';
import { formatSentence } from '../../view/units.ts';
import type { ProgressState, View } from '../../view/view.ts';
import type { Audience, MessageRef } from '../platform.ts';

/** A button, or an option of a select, and the message that holds it. */
export interface PlacedButton {
  id: string;
  label: string;
  /** What is chosen, of a select. */
  value?: string;
  message: MessageRef;
  /** Whose answer the message is, where it is one. */
  audience?: Audience | undefined;
}

interface Running {
  title: string;
  progress: ProgressState;
  buttons: readonly PlacedButton[];
}

/** Messages of what runs now: a terminal shows each in a line of its own, in place, until its last view is printed. */
export class LiveLines {
  readonly #running = new Map<string, Running>();

  /** True where the view is one of something that runs: then it was taken. */
  take(message: MessageRef, view: View, nowMs: number): boolean {
    const progress = find(view, (part) => (part.kind === 'progress' ? part.progress : undefined));
    if (progress === undefined) {
      this.#running.delete(message.message);
      return false;
    }
    const heading = find(view, (part) => (part.kind === 'heading' ? part.text : undefined));
    const title = heading === undefined ? '' : printableText(formatSentence(heading, { nowMs, commandPrefix: '/' }));
    this.#running.set(message.message, { title, progress, buttons: placedButtons(view, message) });
    return true;
  }

  get isEmpty(): boolean {
    return this.#running.size === 0;
  }

  /** What can be pressed there, in the order of the lines. */
  get buttons(): readonly PlacedButton[] {
    return [...this.#running.values()].flatMap(({ buttons }) => buttons);
  }

  /** @param numbered whether numbers mean these buttons now, so that they are shown */
  text(columns: number, numbered: boolean): string {
    let number = 0;
    const lines = [...this.#running.values()].map(({ title, progress, buttons }) => {
      const choices = buttons.map(({ label }) => `${++number}) ${printableText(label)}`).join('  ');
      const end = numbered && choices !== '' ? `  ${choices}` : '';
      const begin = title === '' ? '' : `${title}: `;
      return begin + progressText(progress, Math.max(columns - displayWidth(begin + end), 1)) + end;
    });
    return lines.join('\n');
  }
}

export function placedButtons(view: View, message: MessageRef): PlacedButton[] {
  if (view.kind === 'stack') return view.views.flatMap((part) => placedButtons(part, message));
  if (view.kind === 'select') return view.options.map(({ value, label }) => ({ id: view.id, label, value, message }));
  return view.kind === 'buttons' ? view.buttons.map(({ id, label }) => ({ id, label, message })) : [];
}

function find<T>(view: View, take: (part: View) => T | undefined): T | undefined {
  if (view.kind !== 'stack') return take(view);
  for (const part of view.views) {
    const found = find(part, take);
    if (found !== undefined) return found;
  }
  return undefined;
}
