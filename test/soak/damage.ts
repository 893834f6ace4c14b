import { rmSync } from 'node:fs';
import { createBackedUpSubject, createBuiltSubject, type DamageSubject } from '../helpers/damage/damage-subject.ts';
import { type DamageTrial, damageTrial, type TrialParts } from '../helpers/damage/damage-trial.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { report } from './scale.ts';

export interface DamageResult {
  trials: number;
  /** Trials after which files of the snapshot that was looked at could not be restored any more. */
  withLoss: number;
  byKind: Record<string, number>;
  bySort: Record<string, number>;
  harm: string[];
}

export interface DamagePlan {
  seeds: readonly number[];
  /** The parts of the trial with this number, counted from 0. */
  parts(number: number): TrialParts;
}

/** The makings of both repositories; each of them is damaged in every second trial. */
const MAKERS = [createBackedUpSubject, createBuiltSubject] as const;

/**
 * Damages copies of two repositories, each at one seeded place, and looks at what every reader says of them and restores. A seed gives the same damage
 * to the same repository, whichever other seeds there are.
 */
export async function damageRepositories({ seeds, parts }: DamagePlan): Promise<DamageResult> {
  const result: DamageResult = { trials: 0, withLoss: 0, byKind: {}, bySort: {}, harm: [] };
  const subjects = await makeSubjects(seeds);
  try {
    for (const [number, seed] of seeds.entries()) {
      const trial = await damageTrial(subjects[seed % MAKERS.length] as DamageSubject, seed, parts(number));
      count(result, trial);
      for (const complaint of trial.complaints) report?.(`seed ${seed}: ${trial.harm}: ${complaint}`);
      if (number % 100 === 99) report?.(`${number + 1} trials, ${result.harm.length} complaints`);
    }
  } finally {
    for (const subject of subjects) if (subject !== undefined) rmSync(subject.root, { recursive: true });
  }
  return result;
}

async function makeSubjects(seeds: readonly number[]): Promise<(DamageSubject | undefined)[]> {
  const subjects: (DamageSubject | undefined)[] = [];
  for (const [number, make] of MAKERS.entries()) {
    const isUsed = seeds.some((seed) => seed % MAKERS.length === number);
    subjects.push(isUsed ? await make(new SeededRandom(number)) : undefined);
  }
  return subjects;
}

function count(result: DamageResult, { seed, harm, kind, sort, lostFiles, complaints }: DamageTrial): void {
  result.trials++;
  if (lostFiles > 0) result.withLoss++;
  result.byKind[kind] = (result.byKind[kind] ?? 0) + 1;
  result.bySort[sort] = (result.bySort[sort] ?? 0) + 1;
  result.harm.push(...complaints.map((complaint) => `seed ${seed}: ${harm}: ${complaint}`));
}
