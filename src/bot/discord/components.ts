import { ButtonStyle, ComponentType } from 'discord.js';
import { printableText } from '../../shared/printable.ts';
import type { SettledPart } from '../../view/settle-view.ts';
import { isUsableId } from '../../view/usable-id.ts';
import type { Button, Option, Tone } from '../../view/view.ts';
import { LIMITS } from './limits.ts';

interface ButtonComponent {
  type: ComponentType.Button;
  style: ButtonStyle;
  custom_id: string;
  label: string;
}

interface SelectComponent {
  type: ComponentType.StringSelect;
  custom_id: string;
  placeholder?: string;
  options: { label: string; value: string; description?: string }[];
}

export interface ComponentRow {
  type: ComponentType.ActionRow;
  components: (ButtonComponent | SelectComponent)[];
}

export interface Controls {
  rows: ComponentRow[];
  /** Buttons and options for which Discord has no room. */
  left: number;
}

const STYLES: Readonly<Record<Tone, ButtonStyle>> = {
  plain: ButtonStyle.Primary,
  good: ButtonStyle.Success,
  warning: ButtonStyle.Danger,
  bad: ButtonStyle.Danger,
  quiet: ButtonStyle.Secondary,
};

/** The buttons and selects of a message, in rows below its text. */
export function controlsOf(parts: readonly SettledPart[]): Controls {
  const seen = new Set<string>();
  const rows: ComponentRow[] = [];
  let left = 0;
  for (const part of parts) {
    if (part.kind === 'buttons') {
      const usable = part.buttons.filter(({ id }) => isUsableId(id, LIMITS.customId, seen));
      left += part.buttons.length - usable.length;
      rows.push(...chunk(usable, LIMITS.buttonsInRow).map(buttonRow));
    } else if (part.kind === 'select' && isUsableId(part.id, LIMITS.customId, seen)) {
      const { row, left: options } = selectRow(part.id, part.prompt, part.options);
      left += options;
      if (row !== undefined) rows.push(row);
    }
  }
  const over = rows.splice(LIMITS.componentRows);
  return { rows, left: over.reduce((sum, { components }) => sum + components.length, left) };
}

function buttonRow(buttons: readonly Button[]): ComponentRow {
  return {
    type: ComponentType.ActionRow,
    components: buttons.map(({ id, label, tone = 'plain' }) => ({
      type: ComponentType.Button,
      style: STYLES[tone],
      custom_id: id,
      label: clip(label, LIMITS.buttonLabel),
    })),
  };
}

function selectRow(id: string, prompt: string, options: readonly Option[]): { row?: ComponentRow; left: number } {
  const seen = new Set<string>();
  const usable = options
    .filter(({ value }) => isUsableId(value, LIMITS.selectOption, seen))
    .slice(0, LIMITS.selectOptions);
  const left = options.length - usable.length;
  if (usable.length === 0) return { left };
  const select: SelectComponent = {
    type: ComponentType.StringSelect,
    custom_id: id,
    ...(prompt !== '' && { placeholder: clip(prompt, LIMITS.selectPlaceholder) }),
    options: usable.map(({ label, value, detail }) => ({
      label: clip(label, LIMITS.selectOption),
      value,
      ...(detail !== undefined && detail !== '' && { description: clip(detail, LIMITS.selectOption) }),
    })),
  };
  return { row: { type: ComponentType.ActionRow, components: [select] }, left };
}

/** Labels are plain text to Discord; only their length and what cannot be seen matter. */
export function clip(text: string, limit: number): string {
  const shown = printableText(text).trim();
  if (shown === '') return '…';
  return shown.length <= limit ? shown : `${shown.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
