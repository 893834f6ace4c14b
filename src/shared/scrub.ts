/** Tokens of the platforms by their shape: Slack's, and Discord's (three parts, the first a user ID in base64). */
const SHAPES = [/\bx(?:ox[a-z]|app)-[\w-]{8,}/g, /\b[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}/g];
const LEAST_LENGTH = 4;

/** Takes secrets out of text: those given, and what looks like a token. */
export function createScrubber(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter(({ length }) => length >= LEAST_LENGTH).toSorted((a, b) => b.length - a.length);
  return (text) => {
    const without = known.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
    return SHAPES.reduce((rest, shape) => rest.replace(shape, '[secret]'), without);
  };
}
