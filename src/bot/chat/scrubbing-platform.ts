import { scrubValue } from '../../shared/scrub.ts';
import type { Row, View } from '../../view/view.ts';
import type { Platform, PlatformEvents, Reply } from '../platform.ts';

type Scrub = (text: string) => string;

/** A platform to which no secret goes, whatever is shown: an error may hold an address with its password, or what a hook has printed. */
export function scrubbingPlatform(platform: Platform, scrub: Scrub): Platform {
  return {
    name: platform.name,
    pace: platform.pace,
    ...(platform.help && { help: platform.help }),
    start: (events) => platform.start(scrubbingEvents(events, scrub)),
    stop: () => platform.stop(),
    post: (channel, view, options) => platform.post(channel, scrubView(view, scrub), options),
    edit: (message, view) => platform.edit(message, scrubView(view, scrub)),
  };
}

function scrubbingEvents(events: PlatformEvents, scrub: Scrub): PlatformEvents {
  const scrubbing = (reply: Reply): Reply => ({
    show: (view) => reply.show(scrubView(view, scrub)),
    whisper: (view) => reply.whisper(scrubView(view, scrub)),
    failed: () => reply.failed?.(),
  });
  return {
    ...events,
    onCommand: (event, reply) => events.onCommand(event, scrubbing(reply)),
    onPress: (event, reply) => events.onPress(event, scrubbing(reply)),
  };
}

/** Attached documents stay as they are: they are what was asked for. */
export function scrubView(view: View, scrub: Scrub): View {
  if (view.kind === 'stack') return { kind: 'stack', views: view.views.map((part) => scrubView(part, scrub)) };
  const clean = scrubValue(view, scrub, { keepStreams: true }) as View;
  if (clean.kind !== 'table' || !(Symbol.asyncIterator in clean.rows)) return clean;
  return { ...clean, rows: scrubRows(clean.rows, scrub) };
}

async function* scrubRows(rows: AsyncIterable<Row>, scrub: Scrub): AsyncGenerator<Row> {
  for await (const row of rows) yield scrubValue(row, scrub) as Row;
}
