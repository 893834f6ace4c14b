import { printableText } from '../shared/printable.ts';
import { progressText } from '../terminal/progress-text.ts';
import { StatusLine } from '../terminal/status-line.ts';
import type { Style } from '../terminal/style.ts';
import { type ProgressCounters, ProgressMeter } from '../view/progress-meter.ts';
import type { Host } from './host.ts';
import { jsonText } from './json-output.ts';

/** Tells a person, or a program, how a running command is getting on. */
export interface Reporter {
  progress(counters: ProgressCounters): void;
  warn(message: string): void;
  /** Something to know that is neither progress nor a warning. */
  say(message: string): void;
  /** Makes room for other output. */
  clear(): void;
}

interface Wishes {
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  style: Style;
}

/** JSON lines are for programs, which want fewer of them than eyes. */
const JSON_INTERVAL_MS = 250;
const VERBOSE_INTERVAL_MS = 5000;

export function createReporter(host: Host, wishes: Wishes): Reporter {
  if (wishes.json) return jsonReporter(host, wishes.quiet);
  return host.messages.isTTY && !wishes.quiet ? liveReporter(host, wishes.style) : lineReporter(host, wishes);
}

function jsonReporter(host: Host, quiet: boolean): Reporter {
  const due = pacer(host, JSON_INTERVAL_MS);
  const write = (line: object): void => {
    host.messages.write(`${jsonText(line)}\n`);
  };
  return {
    progress(counters) {
      if (!quiet && due(counters.phase)) write({ type: 'progress', ...counters });
    },
    warn: (message) => write({ type: 'warning', message }),
    say: (message) => write({ type: 'message', message }),
    clear: () => {},
  };
}

function liveReporter({ messages, monotonic }: Host, style: Style): Reporter {
  const meter = new ProgressMeter(monotonic);
  const line = new StatusLine((text) => messages.write(text), monotonic);
  const say = (message: string): void => {
    line.clear();
    messages.write(`${message}\n`);
  };
  return {
    progress(counters) {
      const state = meter.add(counters);
      // One column stays free: some terminals wrap a line that fills the last one.
      line.paint(() => progressText(state, (messages.columns || 80) - 1));
    },
    warn: (message) => say(style.tone('warning', `warning: ${printableText(message)}`)),
    say: (message) => say(printableText(message)),
    clear: () => line.clear(),
  };
}

function lineReporter(host: Host, { verbose, style }: Wishes): Reporter {
  const { messages, monotonic } = host;
  const meter = new ProgressMeter(monotonic);
  const due = pacer(host, VERBOSE_INTERVAL_MS);
  return {
    progress(counters) {
      const state = meter.add(counters);
      if (verbose && due(counters.phase)) messages.write(`${progressText(state, undefined)}\n`);
    },
    warn: (message) => messages.write(`${style.tone('warning', `warning: ${printableText(message)}`)}\n`),
    say: (message) => messages.write(`${printableText(message)}\n`),
    clear: () => {},
  };
}

/** True at most once in `intervalMs`, and whenever the phase changes. */
function pacer({ monotonic }: Host, intervalMs: number): (phase: string) => boolean {
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastPhase: string | undefined;
  return (phase) => {
    if (phase === lastPhase && monotonic() - lastMs < intervalMs) return false;
    lastMs = monotonic();
    lastPhase = phase;
    return true;
  };
}
