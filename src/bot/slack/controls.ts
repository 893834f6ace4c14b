import type { SettledPart } from '../../view/settle-view.ts';
import { isUsableId } from '../../view/usable-id.ts';
import type { Button, Option, Tone } from '../../view/view.ts';
import { type Block, type ButtonElement, type OptionObject, plainText, type SelectElement } from './blocks.ts';
import { LIMITS } from './limits.ts';
import { clip, escapeSlack } from './mrkdwn.ts';

export interface Controls {
  blocks: Block[];
  /** Buttons and options for which there is no room. */
  left: number;
}

/** Rows of buttons and selects in one message. */
const CONTROL_BLOCKS = 10;

const STYLES: Readonly<Partial<Record<Tone, 'primary' | 'danger'>>> = {
  good: 'primary',
  warning: 'danger',
  bad: 'danger',
};

/** The buttons and selects of a message, below its text. */
export function controlsOf(parts: readonly SettledPart[]): Controls {
  const seen = new Set<string>();
  const blocks: Block[] = [];
  let left = 0;
  for (const part of parts) {
    if (part.kind === 'buttons') {
      const usable = part.buttons.filter(({ id }) => isUsableId(id, LIMITS.actionId, seen));
      left += part.buttons.length - usable.length;
      for (let i = 0; i < usable.length; i += LIMITS.actionElements) {
        blocks.push({ type: 'actions', elements: usable.slice(i, i + LIMITS.actionElements).map(button) });
      }
    } else if (part.kind === 'select' && isUsableId(part.id, LIMITS.actionId, seen)) {
      const { element, left: options } = select(part.id, part.prompt, part.options);
      left += options;
      if (element !== undefined) blocks.push({ type: 'actions', elements: [element] });
    }
  }
  const over = blocks.splice(CONTROL_BLOCKS);
  return {
    blocks,
    left: left + over.reduce((sum, block) => sum + ('elements' in block ? block.elements.length : 0), 0),
  };
}

function button({ id, label, tone }: Button): ButtonElement {
  const style = tone === undefined ? undefined : STYLES[tone];
  const text = plainText(shortText(label, LIMITS.buttonLabel));
  return { type: 'button', action_id: id, text, value: id, ...(style && { style }) };
}

function select(id: string, prompt: string, options: readonly Option[]): { element?: SelectElement; left: number } {
  const usable = optionObjects(options);
  const left = options.length - usable.length;
  if (usable.length === 0) return { left };
  const placeholder = prompt === '' ? undefined : plainText(shortText(prompt, LIMITS.placeholder));
  return {
    element: { type: 'static_select', action_id: id, ...(placeholder && { placeholder }), options: usable },
    left,
  };
}

/** As many options as a menu takes. */
export function optionObjects(options: readonly Option[]): OptionObject[] {
  const seen = new Set<string>();
  return options
    .filter(({ value }) => isUsableId(value, LIMITS.optionValue, seen))
    .slice(0, LIMITS.options)
    .map(({ value, label, detail }) => ({
      text: plainText(shortText(label, LIMITS.optionText)),
      value,
      ...(detail && { description: plainText(shortText(detail, LIMITS.optionText)) }),
    }));
}

/** Labels are plain text; only their length, what cannot be seen, and that there is something, matter. */
export function shortText(text: string, limit: number): string {
  const shown = clip(text.trim(), limit, escapeSlack);
  return shown === '' ? '…' : shown;
}
