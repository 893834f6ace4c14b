import { parseArgs } from 'node:util';

export interface ChatBenchOptions {
  readonly snapshots: number;
  /** Share of the 2 GB that are backed up. */
  readonly scale: number;
  readonly rounds: number;
  /** How long the idle bot is asked, in every round. */
  readonly idleMs: number;
  /** Events a second, while idle and during a backup. */
  readonly rate: number;
  /** Invocations within the ten seconds of the burst. */
  readonly burst: number;
  readonly work: string;
  readonly json: string | undefined;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run bench:chat -- [options]
  --snapshots N   snapshots in the repository         (default 500)
  --scale N       share of the 2 GB that are backed up, 0.1 for a quick look (default 1)
  --rounds N      times that all of it is done, each with a new process (default 2)
  --idle N        seconds that the idle bot is asked, in every round (default 15)
  --rate N        events a second                      (default 24)
  --burst N       invocations within ten seconds       (default 200)
  --work DIR      the source and the repository of many snapshots, kept between runs (default as for npm run bench)
  --json FILE     every single event as JSON`;

/** Reads the arguments. Throws an Error that names the option and what it takes. */
export function readChatOptions(args: readonly string[], defaultWork: string): ChatBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      snapshots: { type: 'string', default: '500' },
      scale: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '2' },
      idle: { type: 'string', default: '15' },
      rate: { type: 'string', default: '24' },
      burst: { type: 'string', default: '200' },
      work: { type: 'string', default: defaultWork },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    snapshots: whole('--snapshots', values.snapshots, 2000),
    scale: bounded('--scale', values.scale, 1),
    rounds: whole('--rounds', values.rounds, 20),
    idleMs: bounded('--idle', values.idle, 300) * 1000,
    rate: bounded('--rate', values.rate, 100),
    burst: whole('--burst', values.burst, 1000),
    work: values.work,
    json: values.json,
    help: values.help,
  };
}

function bounded(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most)) {
    throw new Error(`${option}: "${text}" does not fit; it takes a number above 0, at most ${most}`);
  }
  return value;
}

function whole(option: string, text: string, most: number): number {
  const value = bounded(option, text, most);
  if (!Number.isInteger(value)) throw new Error(`${option}: "${text}" does not fit; it takes a whole number`);
  return value;
}
