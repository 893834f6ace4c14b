/** What Discord's program acts on outside code: mentions, links, custom emoji, commands; not the timestamps, which harm nobody. */
const ALIVE = [
  /^<(?:@[!&]?\d+|#\d+|\/[^\s:>][^:>]*:\d+|a?:\w+:\d+|id:\w+)>/,
  /^@(?:everyone|here)/,
  /^(?:https?|steam):\/\/\S+/,
  /^\[[^\]]*\]\([^)]*\)/,
  /^discord(?:app)?\.(?:gg|com)\/\S+/,
];
const ESCAPE = /^\\([^0-9A-Za-z\s])/;
const CODE = /^(`{3,})[\s\S]*?\1|^(`{1,2})[^`][\s\S]*?\2(?!`)/;

/**
 * Discord's markdown as far as it does something: what is alive in a text, and what the text says once escapes and code marks are gone. Written from how
 * Discord's program behaves, apart from the code that escapes.
 */
export function readMarkup(text: string): { alive: string[]; plain: string } {
  const alive: string[] = [];
  let plain = '';
  let position = 0;
  while (position < text.length) {
    const rest = text.slice(position);
    const escaped = ESCAPE.exec(rest);
    const code = CODE.exec(rest);
    const found = ALIVE.map((pattern) => pattern.exec(rest)?.[0]).find((match) => match !== undefined);
    if (escaped !== null) {
      plain += escaped[1];
      position += 2;
    } else if (code !== null) {
      plain += code[0].replace(/^`+|`+$/g, '');
      position += code[0].length;
    } else {
      if (found !== undefined) alive.push(found);
      plain += rest[0];
      position += 1;
    }
  }
  return { alive, plain };
}
