import type { RenderOptions } from '../terminal/render-options.ts';
import { chooseStyle } from '../terminal/style.ts';
import type { Host, OutputStream } from './host.ts';

export function styleOf({ environment }: Pick<Host, 'environment'>, stream: OutputStream): RenderOptions['style'] {
  return chooseStyle(stream.isTTY === true, environment);
}

/** How a View is written to a stream of the command line. */
export function renderOptions(host: Pick<Host, 'environment' | 'now'>, stream: OutputStream): RenderOptions {
  // Some terminals say that they have no columns: as good as not knowing.
  const columns = (stream.isTTY && stream.columns) || undefined;
  const style = styleOf(host, stream);
  return { style, nowMs: host.now(), columns, commandPrefix: 'holdfast ', rawFiles: !stream.isTTY };
}
