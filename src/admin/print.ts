import type { Host } from '../cli/host.ts';
import { jsonDocument } from '../cli/json-output.ts';
import { renderOptions } from '../cli/render-options.ts';
import { renderView } from '../terminal/render.ts';
import type { View } from '../view/view.ts';

export type PrintingHost = Pick<Host, 'environment' | 'now' | 'output'>;

/** Prints what a command found: as one JSON document for programs, as a View for people. */
export async function print(host: PrintingHost, json: boolean, result: object, view: View): Promise<void> {
  const { output } = host;
  for await (const piece of json ? jsonDocument(result) : renderView(view, renderOptions(host, output))) {
    output.write(piece);
  }
}
