import { type Block, markedText, plainText } from './blocks.ts';
import { LIMITS } from './limits.ts';
import type { Segment } from './segment.ts';

/** Room within a text for what is put around its lines. */
const FENCE = { open: '```\n', close: '\n```' } as const;

/** Blocks that may be made of text; the rest of a message's blocks is for buttons and selects. */
const TEXT_BLOCKS = 38;

/**
 * Segments as blocks: lines that look alike share one, as far as it holds them. Text in which something would be taken for
 * markup is sent as plain text, which has none. The segments fit into a message already; should they still make too many blocks,
 * all of them are plain text, which makes the fewest.
 */
export function segmentBlocks(segments: readonly Segment[]): Block[] {
  const blocks = pack(segments.flatMap(pieces));
  if (blocks.length <= TEXT_BLOCKS) return blocks;
  return pack(segments.flatMap(({ lines }) => lines.map(({ plain }): Piece => ({ look: 'plain', text: plain }))));
}

type Look = 'header' | 'marked' | 'plain' | 'quiet' | 'quiet-plain' | 'code';

interface Piece {
  look: Look;
  text: string;
}

function pieces({ style, lines }: Segment): Piece[] {
  const isMarked = lines.every(({ marked }) => marked !== undefined);
  const looks: Record<Segment['style'], Look> = {
    header: 'header',
    text: isMarked ? 'marked' : 'plain',
    quiet: isMarked ? 'quiet' : 'quiet-plain',
    code: 'code',
  };
  const look = looks[style];
  const usesMarked = look === 'marked' || look === 'quiet' || look === 'code';
  const limit = roomOf(look);
  return lines.flatMap(({ marked, plain }) =>
    split((usesMarked ? marked : plain) ?? plain, limit).map((text) => ({ look, text })),
  );
}

const roomOf = (look: Look): number => {
  if (look === 'header') return LIMITS.header;
  if (look === 'quiet' || look === 'quiet-plain') return LIMITS.contextText;
  return look === 'code' ? LIMITS.section - FENCE.open.length - FENCE.close.length : LIMITS.section;
};

/** A line that is too long for one block goes on in the next, never parted within an escape or a character. */
function split(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const whole = rest.slice(0, limit).replace(/(?:&[a-z]{0,3}|[\ud800-\udbff])$/, '');
    parts.push(whole);
    rest = rest.slice(whole.length);
  }
  return [...parts, rest];
}

/** Pieces of one look that follow each other share a block. */
function pack(all: readonly Piece[]): Block[] {
  const blocks: Block[] = [];
  let open: Piece | undefined;
  const close = (): void => {
    if (open !== undefined && open.text.trim() !== '') blocks.push(toBlock(open));
    open = undefined;
  };
  for (const piece of all) {
    const longer: string | undefined = open === undefined ? undefined : `${open.text}\n${piece.text}`;
    if (open?.look === piece.look && piece.look !== 'header' && longer!.length <= roomOf(piece.look)) {
      open = { look: piece.look, text: longer! };
    } else {
      close();
      open = piece;
    }
  }
  close();
  return blocks;
}

function toBlock({ look, text }: Piece): Block {
  switch (look) {
    case 'header':
      return { type: 'header', text: plainText(text) };
    case 'marked':
      return { type: 'section', text: markedText(text) };
    case 'plain':
      return { type: 'section', text: plainText(text) };
    case 'quiet':
      return { type: 'context', elements: [markedText(text)] };
    case 'quiet-plain':
      return { type: 'context', elements: [plainText(text)] };
    case 'code':
      return { type: 'section', text: markedText(FENCE.open + text + FENCE.close) };
  }
}
