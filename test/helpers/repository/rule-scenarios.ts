import type { ProtocolRules } from '../../../src/backup/repository/rules.ts';
import type { ScriptedProcess, WorldOptions } from './protocol-world.ts';

/**
 * For each ordering rule a small world in which its absence does harm. Times are hours; the grace is 12, listings lag by up to 4. Seeds
 * decide the order of steps and what each listing shows, so not every one shows the harm.
 */
export interface RuleScenario {
  rule: string;
  off: Partial<ProtocolRules>;
  /** Somebody who breaks a rule that the code has no switch for, since it is kept by doing nothing. */
  offender?: ScriptedProcess;
  world: Omit<WorldOptions, 'seed' | 'rules'>;
}

const ALPHA = ['alpha'];

/** A snapshot of alpha that is forgotten soon, so that its packs become unused. */
const ONCE_USED: readonly ScriptedProcess[] = [
  { role: 'writer', at: 0, files: ALPHA },
  { role: 'forgetter', at: 1 },
];

const collectors = (...hours: number[]): ScriptedProcess[] => hours.map((at) => ({ role: 'collector', at }));

const scripted = (script: readonly ScriptedProcess[], more: Partial<WorldOptions> = {}): RuleScenario['world'] => {
  return { blind: true, pauseChance: 0, crashChance: 0, script, ...more };
};

export const RULE_SCENARIOS: readonly RuleScenario[] = [
  {
    rule: 'a writer checks its chunks after its snapshot is stored',
    off: { checkAfterSnapshot: false },
    world: scripted([
      { role: 'writer', at: 0, files: ALPHA },
      { role: 'writer', at: 4, files: ALPHA, stops: [{ before: /^put snapshots/, until: 40 }] },
      { role: 'forgetter', at: 6 },
      ...collectors(11, 25, 30),
    ]),
  },
  {
    rule: 'marks are read before packs are listed',
    off: { marksBeforePacks: false },
    world: scripted([
      { role: 'writer', at: 0, files: ALPHA },
      {
        role: 'writer',
        at: 4,
        files: ALPHA,
        stops: [
          { before: /^put snapshots/, until: 27 },
          { before: /^list gc/, nth: 3, until: 90 },
        ],
      },
      { role: 'forgetter', at: 6 },
      ...collectors(11, 25, 38, 52, 66, 80),
    ]),
  },
  {
    rule: 'a copy counts only with its right size',
    off: { checkPackSize: false },
    world: scripted([
      { role: 'writer', at: 0, files: ALPHA },
      { role: 'disk', at: 5 },
      { role: 'writer', at: 8, files: ALPHA },
    ]),
  },
  {
    rule: 'a mark is final',
    off: {},
    offender: { role: 'unmarker', at: 23 },
    world: scripted([
      ...ONCE_USED,
      ...collectors(6),
      { role: 'collector', at: 20, stops: [{ before: /^delete packs/, until: 40 }] },
      { role: 'writer', at: 30, files: ALPHA },
    ]),
  },
  {
    rule: 'nothing is deleted before the grace is over',
    off: { waitForGrace: false },
    world: scripted([
      ...ONCE_USED,
      ...collectors(6, 9),
      { role: 'writer', at: 5.5, files: ALPHA, stops: [{ before: /^put snapshots/, until: 7.5 }] },
    ]),
  },
  {
    rule: 'sessions older than a mark are waited for',
    off: { waitForSessions: false },
    world: scripted(
      [
        { role: 'writer', at: 0, files: ALPHA },
        { role: 'reader', at: 6, stops: [{ before: /^get packs/, until: 28 }] },
        { role: 'forgetter', at: 7 },
        ...collectors(12, 25),
      ],
      { blind: false },
    ),
  },
  {
    rule: 'what is deleted is settled before snapshots are listed',
    off: { freezeBeforeSnapshots: false },
    world: scripted([
      ...ONCE_USED,
      { role: 'collector', at: 6, stops: [{ before: /^list gc/, nth: 2, until: 30 }] },
      { role: 'collector', at: 6, stops: [{ before: /^put gc/, until: 14 }] },
      { role: 'writer', at: 9, files: ALPHA },
    ]),
  },
  {
    rule: 'snapshots are listed before indexes are read',
    // Trailers make up for an index that is older than the snapshots, so both are off; what is left is a false alarm, not a loss.
    off: { snapshotsBeforeIndexes: false, readTrailers: false },
    world: scripted(
      [
        ...ONCE_USED,
        ...collectors(6),
        { role: 'collector', at: 20, stops: [{ before: /^list snapshots/, nth: 2, until: 24 }] },
        { role: 'writer', at: 22, files: ['bravo'] },
      ],
      { lagHours: 0 },
    ),
  },
  {
    rule: 'used chunks are looked for before anything is deleted',
    off: { checkUsedChunks: false },
    world: scripted([
      ...ONCE_USED,
      { role: 'collector', at: 6, stops: [{ before: /^put gc/, until: 14 }] },
      { role: 'writer', at: 9, files: ALPHA },
      ...collectors(30),
    ]),
  },
  {
    rule: 'unconfirmed snapshots count as used',
    off: { keepUnconfirmed: false },
    world: scripted(
      [
        ...ONCE_USED,
        ...collectors(6),
        { role: 'writer', at: 8, files: ALPHA, stops: [{ before: /^put notes/, until: 60 }] },
        ...collectors(24),
      ],
      { blind: false },
    ),
  },
  {
    rule: 'a mark is done after its packs are deleted',
    off: { deleteBeforeDone: false },
    world: scripted([...ONCE_USED, ...collectors(6, 22)]),
  },
  {
    rule: 'marks stay for a grace after they are done',
    off: { keepDoneMarks: false },
    world: scripted([...ONCE_USED, ...collectors(6, 20), { role: 'writer', at: 22.5, files: ALPHA }]),
  },
  {
    rule: 'index runs go only when unmarked runs cover them',
    off: { checkIndexCover: false },
    world: scripted([{ role: 'writer', at: 0, files: ALPHA }, { role: 'careless', at: 5 }, ...collectors(24)]),
  },
  {
    rule: 'the index drops only packs that are marked and gone',
    // A run that covers too little is made up for by the check before the inputs go, so both are off.
    off: { dropOnlyMarkedPacks: false, checkIndexCover: false },
    world: scripted([
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
        (text): ScriptedProcess => ({ role: 'writer', at: 0, files: [text] }),
      ),
      { role: 'writer', at: 8, files: ['i'] },
      ...collectors(9.5, 26),
    ]),
  },
  {
    rule: 'forgetting puts the note before the snapshot goes',
    off: { noteBeforeForget: false },
    world: scripted(
      [
        { role: 'writer', at: 0, files: ALPHA },
        { role: 'forgetter', at: 5, stops: [{ before: /^put notes/, until: Number.POSITIVE_INFINITY }] },
      ],
      { steps: 400 },
    ),
  },
];
