import { type FilePlan, millionPlan, mixedPlan, smallPlan } from './file-plan.ts';

const plans: Record<string, (scale: number) => FilePlan> = { small: smallPlan, mixed: mixedPlan, million: millionPlan };

/** The plan of a corpus that consists of planned files. */
export function filePlanOf(corpus: string, scale: number): FilePlan {
  const plan = plans[corpus];
  if (plan === undefined)
    throw new Error(`${corpus} is not a corpus of planned files: ${Object.keys(plans).join(', ')}`);
  return plan(scale);
}
