/** What a console session reads from and writes to. */
export interface Screen {
  /** The next line, or undefined at the end of input. `fresh` drops what was typed before it was asked for. */
  readLine(prompt: string, fresh: boolean): Promise<string | undefined>;
  /** Writes finished lines, line feeds included, above the prompt. */
  print(text: string): void;
  /** Shows a line, or several, in place above the prompt; undefined removes them. */
  showProgress(text: (() => string) | undefined): void;
  /** Columns of the terminal, or undefined where there is none. */
  columns(): number | undefined;
  close(): void;
}

export interface ScreenStreams {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream & { columns?: number };
}
