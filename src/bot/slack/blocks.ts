/** The parts of Block Kit that Holdfast uses. */
export interface PlainText {
  type: 'plain_text';
  text: string;
  /** False: `:smile:` stays text. */
  emoji: false;
}

export interface MarkedText {
  type: 'mrkdwn';
  text: string;
  /** True: nothing that looks like a link or a channel becomes one. */
  verbatim: true;
}

export interface OptionObject {
  text: PlainText;
  value: string;
  description?: PlainText;
}

export interface ButtonElement {
  type: 'button';
  action_id: string;
  text: PlainText;
  value: string;
  style?: 'primary' | 'danger';
}

export interface SelectElement {
  type: 'static_select';
  action_id: string;
  placeholder?: PlainText;
  options: OptionObject[];
}

export type Block =
  | { type: 'header'; text: PlainText }
  | { type: 'section'; text: PlainText | MarkedText }
  | { type: 'context'; elements: (PlainText | MarkedText)[] }
  | { type: 'actions'; elements: (ButtonElement | SelectElement)[] };

export const plainText = (text: string): PlainText => ({ type: 'plain_text', text, emoji: false });
export const markedText = (text: string): MarkedText => ({ type: 'mrkdwn', text, verbatim: true });
