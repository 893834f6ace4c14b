import {
  type AttachedFile,
  DETAILS_FILE,
  detailsFile,
  nameTables,
  neededTables,
  ownFiles,
} from '../../terminal/attached-files.ts';
import { type Paint, type SettledPart, settleView } from '../../view/settle-view.ts';
import type { Wording } from '../../view/units.ts';
import type { Tone, View } from '../../view/view.ts';
import { attach } from './attachments.ts';
import { type ComponentRow, clip, controlsOf } from './components.ts';
import { LIMITS } from './limits.ts';
import { escapeMarkdown } from './markdown.ts';
import { needsFile, partBlock } from './part-block.ts';
import { fitBlocks } from './text-block.ts';

interface Embed {
  description: string;
  color?: number;
  image?: { url: string };
}

/** The body of a message; all parts are always there, so that an edit replaces everything. */
export interface MessageBody {
  content: string;
  embeds: Embed[];
  components: ComponentRow[];
  attachments: { id: string; filename: string; description?: string }[];
  allowed_mentions: { parse: [] };
}

export interface DiscordMessage {
  body: MessageBody;
  files: AttachedFile[];
}

/** By weight: the gravest tone of a message gives it its colour. */
const COLOURS: readonly (readonly [Tone, number])[] = [
  ['bad', 0xd83c3e],
  ['warning', 0xf0b132],
  ['good', 0x23a55a],
];

/** Room that the notes below a message may take. */
const NOTES_ROOM = 400;

/**
 * A View as a Discord message. Text with a table or a chart is the message's content, because code blocks are wide there and
 * narrow in embeds; all other text is an embed, which has twice the room and a colour. What does not fit is attached:
 * tables as CSV, all else as text.
 */
export async function renderMessage(view: View, wording: Wording, paint?: Paint): Promise<DiscordMessage> {
  const parts = await settleView(view, LIMITS.fileBytes, wording, paint);
  const tableFiles = nameTables(parts);
  const blocks = parts.flatMap((part) => partBlock(part, wording, tableFiles.get(part) ?? '') ?? []);
  const isWide = parts.some((part) => (part.kind === 'table' && part.rows.length > 0) || part.kind === 'series');
  const room = isWide ? LIMITS.content : LIMITS.embedDescription;
  const controls = controlsOf(parts);
  const { text: fitted, shortened } = fitBlocks(blocks, room - NOTES_ROOM);
  // Of a question without words, line breaks alone are left, and Discord refuses those.
  const text = fitted.trim() === '' ? '' : fitted;
  const hasDetails = controls.left > 0 || shortened.some(({ wholeIn }) => wholeIn === DETAILS_FILE);
  const attached = attach([
    ...ownFiles(parts),
    ...neededTables(tableFiles, shortened, needsFile, wording),
    ...(hasDetails ? [await detailsFile(parts, wording)] : []),
  ]);
  const notes = [
    ...(controls.left > 0 ? [`${controls.left} more to choose from in the file ${DETAILS_FILE}`] : []),
    ...parts.flatMap((part) =>
      part.kind === 'file' && part.cutOff ? [`${part.name} is attached in part: it is too large`] : [],
    ),
    ...attached.notes,
  ];
  const isEmpty = text === '' && controls.rows.length === 0 && attached.files.length === 0;
  const whole = withNotes(text, isEmpty ? ['Nothing to show', ...notes] : notes);
  return {
    body: {
      content: isWide ? whole : '',
      embeds: isWide || whole === '' ? [] : [{ description: whole, ...colourOf(parts), ...pictureIn(attached.files) }],
      components: controls.rows,
      attachments: attached.files.map(({ name, title }, i) => ({
        id: String(i),
        filename: name,
        ...(title !== undefined && { description: clip(title, LIMITS.attachmentDescription) }),
      })),
      allowed_mentions: { parse: [] },
    },
    files: attached.files,
  };
}

/** The first picture stands within the embed; any other below it. */
function pictureIn(files: readonly AttachedFile[]): Pick<Embed, 'image'> {
  const first = files.find(({ title, name }) => title !== undefined && name.endsWith('.png'));
  return first === undefined ? {} : { image: { url: `attachment://${first.name}` } };
}

function withNotes(text: string, notes: readonly string[]): string {
  const lines = notes.map((note) => `-# ${escapeMarkdown(note)}`);
  const shown =
    lines.length <= 3 ? lines : [...lines.slice(0, 2), `-# ${lines.length - 2} more files are too large to attach`];
  return [text, ...shown.map((line) => line.slice(0, NOTES_ROOM / 3 - 1))].filter((line) => line !== '').join('\n');
}

function colourOf(parts: readonly SettledPart[]): { color?: number } {
  const tones = parts.map((part) => ('tone' in part ? part.tone : undefined));
  const found = COLOURS.find(([tone]) => tones.includes(tone));
  return found === undefined ? {} : { color: found[1] };
}
