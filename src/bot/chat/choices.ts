import type { Offer } from '../../commands/command.ts';
import type { RawInput } from '../../commands/parse-input.ts';
import type { ButtonPurpose } from '../../state/document.ts';
import { stack, type View } from '../../view/view.ts';
import type { Person, Place } from '../platform.ts';
import { type Buttons, MINUTE_MS } from './buttons.ts';

const VALID_MS = 15 * MINUTE_MS;

type Choose = Extract<ButtonPurpose, { kind: 'choose' }>;

export interface Asked {
  command: string;
  raw: RawInput;
  offer: Offer;
  place: Pick<Place, 'platform' | 'channel'>;
}

/** What to choose from, for whoever asked. As with buttons, what is shown means nothing by itself: an option is a number in what is stored. */
export async function askChoice(
  buttons: Buttons,
  { command, raw, offer, place }: Asked,
  person: Person,
): Promise<View> {
  const { field, options, prompt, hint } = offer;
  const purpose: Choose = { kind: 'choose', command, raw, field, values: options.map(({ value }) => value) };
  const [select] = await buttons.create([{ label: prompt, purpose, by: { only: person } }], place, VALID_MS);
  const numbered = options.map((option, i) => ({ ...option, value: String(i) }));
  return stack(
    { kind: 'select', id: select?.id ?? '', prompt, options: numbered },
    { kind: 'text', tone: 'quiet', text: hint },
  );
}

/** The command's input with what was chosen. */
export function chosenInput({ raw, field, values }: Choose, option: string | undefined): RawInput {
  const value = values[Number(option)];
  if (value === undefined) throw new Error('what was never offered has to be refused before');
  return { ...raw, [field]: value };
}
