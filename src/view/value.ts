/**
 * One value as a person should see it: text, or a quantity whose meaning is kept so that each platform writes it in
 * its own way (a chat may show a time in the reader's zone, a terminal in UTC).
 */
export type Value =
  | string
  | { readonly is: 'bytes'; readonly bytes: number }
  | { readonly is: 'count'; readonly count: number; readonly one: string; readonly many: string }
  /** ISO 8601. */
  | { readonly is: 'time'; readonly time: string }
  | { readonly is: 'age'; readonly time: string }
  | { readonly is: 'duration'; readonly durationMs: number }
  | { readonly is: 'rate'; readonly bytesPerSecond: number }
  /** 0 to 1. */
  | { readonly is: 'share'; readonly share: number }
  /** A snapshot, job or key ID: shown by its first digits, given whole where a machine reads. */
  | { readonly is: 'id'; readonly id: string }
  /** A command to type, such as `restore latest`: each surface puts before it what starts a command there. */
  | { readonly is: 'command'; readonly command: string };

export const bytes = (count: number): Value => ({ is: 'bytes', bytes: count });
export const count = (n: number, one: string, many = `${one}s`): Value => ({ is: 'count', count: n, one, many });
export const time = (iso: string): Value => ({ is: 'time', time: iso });
export const age = (iso: string): Value => ({ is: 'age', time: iso });
export const duration = (durationMs: number): Value => ({ is: 'duration', durationMs });
export const rate = (bytesPerSecond: number): Value => ({ is: 'rate', bytesPerSecond });
export const share = (part: number): Value => ({ is: 'share', share: part });
export const id = (full: string): Value => ({ is: 'id', id: full });
export const command = (words: string): Value => ({ is: 'command', command: words });
