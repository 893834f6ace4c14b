import { createHash } from 'node:crypto';
import type { ForgetResult } from '../backup/types.ts';
import { id } from '../view/value.ts';
import { stack, type View } from '../view/view.ts';
import { type CommandContext, type Confirmation, defineCommand } from './command.ts';
import { required } from './field.ts';
import { snapshotField } from './parts/snapshot-field.ts';
import { snapshotTable } from './parts/snapshot-view.ts';

const toRequest = (backup: string) => ({ snapshots: [backup] });

async function confirm(context: CommandContext, { backup }: { backup: string }): Promise<Confirmation> {
  const repository = await context.repository();
  const snapshot = await repository.find(backup);
  const plan = await repository.forget({ ...toRequest(snapshot.id), dryRun: true }, context);
  const { configured } = context;
  return {
    view: stack(snapshotTable(plan.forgotten, 'Nothing would be deleted.'), warnings(plan)),
    question: `Delete the backup ${snapshot.id.slice(0, 8)} of ${snapshot.source}?`,
    label: 'Delete',
    need: 'required',
    ...(configured !== undefined && {
      plan: {
        raw: { backup: snapshot.id },
        hash: createHash('sha256').update(`delete ${snapshot.id}`).digest('hex'),
        weight: { deletedFiles: plan.forgotten.length, changedFiles: 0, bytes: 0 },
        source: snapshot.source,
        protected: configured.isProtected(snapshot.paths),
      },
    }),
  };
}

const warnings = (result: ForgetResult): View | undefined =>
  result.warnings.length > 0 ? { kind: 'list', items: result.warnings, tone: 'warning' } : undefined;

export const deleteCommand = defineCommand({
  name: 'delete',
  summary: 'Delete one backup; its space is freed by the next prune',
  examples: ['delete 4f07a1c2'],
  chat: {
    details: ['The last good backup of a source is never deleted, and none that a running restore reads.'],
    examples: ['delete 4f07a1c2'],
  },
  input: { backup: required(snapshotField) },
  access: 'owner',
  destructive: true,
  json: { forgotten: 'array of Snapshot: what was deleted', warnings: 'array of strings' },
  confirm,
  async run(context, { backup }): Promise<Pick<ForgetResult, 'forgotten' | 'warnings'>> {
    const { forgotten, warnings: said } = await (await context.repository()).forget(toRequest(backup), context);
    await context.runs?.history.letGo(
      forgotten.map((snapshot) => snapshot.id),
      'deleted',
    );
    return { forgotten, warnings: said };
  },
  present: ({ forgotten, warnings: said }) =>
    stack(
      forgotten[0] === undefined
        ? { kind: 'status', tone: 'warning', text: 'Nothing was deleted' }
        : {
            kind: 'status',
            tone: 'good',
            text: ['Deleted the backup ', id(forgotten[0].id), ' of ', forgotten[0].source],
          },
      said.length > 0 ? { kind: 'list', items: said, tone: 'warning' } : undefined,
    ),
});
