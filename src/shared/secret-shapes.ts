/** What gives a secret away by its looks, where nobody has said that it is one. Everything but what `keep` captures is taken out. */
interface Shape {
  what: string;
  /** Global. Its groups `before` and `after` stay. */
  pattern: RegExp;
}

const SECRET_NAME =
  '(?:[\\w-]{0,40}(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signature|credentials?)|sig|auth|key)';

export const SECRET_SHAPES: readonly Shape[] = [
  { what: 'a token of Slack', pattern: /\bx(?:ox[a-z]|app)-[\w-]{8,}/g },
  { what: "a token of Discord: three parts, the first a user's ID", pattern: /\b[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}/g },
  { what: 'a JSON Web Token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g },
  { what: 'a token of GitHub', pattern: /\b(?:gh[pousr]|github_pat)_\w{20,}/g },
  { what: 'a key of AWS', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  {
    what: 'a private key',
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  },
  {
    what: 'the address of an incoming webhook',
    pattern:
      /(?<before>https?:\/\/(?:hooks\.slack\.com\/services|[\w.]*discord(?:app)?\.com\/api(?:\/v\d+)?\/webhooks)\/)[^\s"'<>]+/gi,
  },
  {
    what: "a password before an address's host",
    pattern: /(?<before>\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/?#@:]*:)[^\s/?#]+(?<after>@)/gi,
  },
  {
    what: 'a parameter of an address',
    pattern: new RegExp(`(?<before>[?&]${SECRET_NAME}=)[^\\s&#"'<>]+`, 'gi'),
  },
  { what: 'what a header proves itself with', pattern: /(?<before>\b(?:bearer|basic)\s+)[\w+/=.~-]{8,}/gi },
  {
    what: 'a variable, or a word of a command line',
    pattern: new RegExp(`(?<before>\\b(?!sig=|auth=|key=)${SECRET_NAME}=["']?)[^\\s"',;&]{4,}`, 'gi'),
  },
  {
    what: 'a member of a JSON object',
    pattern: new RegExp(`(?<before>\\\\?"(?!sig\\b|auth\\b|key\\b)${SECRET_NAME}\\\\?"\\s*:\\s*\\\\?")[^"\\\\]+`, 'gi'),
  },
];

const EXACT_NAME = new RegExp(`^(?:(?!sig$|auth$|key$)${SECRET_NAME}|authorization|cookie|set-cookie)$`, 'i');

/** Whether a property of that name is likely to hold a secret. */
export const isSecretName = (name: string): boolean => EXACT_NAME.test(name);
