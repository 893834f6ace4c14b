import type { RestoreRequest, RestoreResult, SnapshotSummary } from '../backup/types.ts';
import type { Configured } from '../config/configured.ts';
import { HoldfastError } from '../shared/errors.ts';
import { type CommandContext, type Confirmation, defineCommand, type InputOf } from './command.ts';
import { choice, flag, list, text, time } from './field.ts';
import { changeTotal } from './parts/changes-view.ts';
import { restorePreview, restoreView } from './parts/restore-view.ts';
import { chooseSnapshot, snapshotField } from './parts/snapshot-field.ts';
import { offerSnapshots } from './parts/snapshot-offer.ts';

const input = {
  backup: snapshotField,
  to: text('Restore into this folder', { placeholder: 'DIR', completes: 'local-path' }),
  inPlace: flag('Restore to where it was backed up from', { on: 'shell' }),
  at: time('With latest: the newest snapshot that is not after this time', 'end'),
  source: text('With latest: the newest snapshot of this source', { placeholder: 'NAME', completes: 'source' }),
  path: list('Restore only this path of the snapshot; may be repeated', {
    placeholder: 'PATH',
    completes: 'snapshot-path',
  }),
  apply: flag('Really restore; without it you get a preview', { on: 'shell' }),
  check: flag('Compare existing files by their content, not only by size and time'),
  delete: flag('Delete from the target what the snapshot does not have'),
  keepGoing: flag('Restore what is whole although some content is damaged'),
  safety: choice('What becomes of what the target holds now', ['backup', 'keep-old', 'none'], { on: 'shell' }),
  noOwner: flag('Do not set owners', { on: 'shell' }),
  noSetuid: flag('Drop the setuid and setgid bits', { on: 'shell' }),
  devices: flag('Restore device nodes and sockets too', { on: 'shell' }),
};

/** The engine's request; where a person is guided, in place is what is meant unless a folder is named. */
async function toRequest(context: CommandContext, given: InputOf<typeof input>): Promise<RestoreRequest> {
  const { backup, path, to, inPlace, apply, ...rest } = given;
  if (to !== undefined && inPlace) throw new HoldfastError('usage', '--to and --in-place exclude each other');
  if (to === undefined && !inPlace && !context.guided) {
    throw new HoldfastError('usage', 'It is not said where to restore to', {
      advice: 'Use --to DIR, or --in-place for where it was backed up from.',
    });
  }
  const request: RestoreRequest = {
    ...rest,
    snapshot: chooseSnapshot(context, backup),
    ...(to === undefined ? { inPlace: true } : { to }),
    ...(path.length > 0 && { paths: path }),
    apply: apply || context.guided,
  };
  return context.configured === undefined ? request : keepWithin(context, context.configured, request);
}

/** A chat restores to where a backup came from, as far as that is configured, or into a restore root. */
async function keepWithin(
  context: CommandContext,
  configured: Configured,
  request: RestoreRequest,
): Promise<RestoreRequest> {
  const { at: _at, source: _source, to, ...rest } = request;
  const snapshot = await chosen(context, request);
  if (to !== undefined) return { ...rest, snapshot: snapshot.id, to: await configured.restoreFolder(to) };
  configured.requireOrigin(snapshot.paths);
  return { ...rest, snapshot: snapshot.id };
}

const chosen = async (context: CommandContext, { snapshot, at, source }: RestoreRequest): Promise<SnapshotSummary> =>
  (await context.repository()).find(snapshot, { at, source });

/** A question where something would be lost, and before any change where a person is guided anyway. */
async function confirm(context: CommandContext, given: InputOf<typeof input>): Promise<Confirmation | undefined> {
  const request = await toRequest(context, given);
  if (!request.apply) return undefined;
  const plan = await (await context.repository({ early: true })).restore({ ...request, apply: false }, context);
  const lost = changeTotal(plan.changed) + changeTotal(plan.deleted);
  if (lost === 0 && !(context.guided && changeTotal(plan.added) > 0)) return undefined;
  const question: Confirmation = {
    view: restoreView(plan),
    question: `Restore into ${plan.target}?`,
    label: 'Restore',
    need: 'required',
  };
  return context.configured === undefined
    ? question
    : bind(context, context.configured, { question, request, plan, given });
}

/** What the question means, for a yes that comes later. */
async function bind(
  context: CommandContext,
  configured: Configured,
  asked: { question: Confirmation; request: RestoreRequest; plan: RestoreResult; given: InputOf<typeof input> },
): Promise<Confirmation> {
  const { question, request, plan, given } = asked;
  const snapshot = await chosen(context, request);
  const { at: _at, source: _source, ...rest } = given;
  const isProtected = configured.isProtected(request.to === undefined ? snapshot.paths : [request.to]);
  return {
    ...question,
    view: restorePreview(plan, snapshot, isProtected),
    plan: {
      raw: { ...rest, backup: snapshot.id, ...(request.to !== undefined && { to: request.to }) },
      hash: plan.planHash,
      weight: {
        deletedFiles: changeTotal(plan.deleted),
        changedFiles: changeTotal(plan.changed),
        bytes: plan.bytes,
      },
      source: snapshot.source,
      protected: isProtected,
    },
  };
}

export const restore = defineCommand({
  name: 'restore',
  summary: 'Preview a restore, and with --apply carry it out',
  details: [
    'Without --apply nothing is written: you see what would be added, changed and deleted. The console shows that and asks, so --apply is not needed there.',
    'What the target holds is kept first: `--safety backup` (the default) takes a snapshot of it, `keep-old` leaves it beside, `none` gives it up. The new content is written beside the old and swapped in, so that a crash leaves the target wholly old or wholly new.',
    'One folder restores with its content directly in DIR; several go below their base names.',
    'What SQLite keeps beside a database that is restored (`-wal`, `-shm`, `-journal`) is deleted with it: it belongs to the database that was there. Stop the app first.',
    'On a terminal --apply asks when something would be changed or deleted; --yes answers. Without a terminal and without --yes that is refused (exit status 15). With --keep-going, what is whole is restored; damage still gives exit status 13.',
  ],
  examples: ['restore latest --to /tmp/look', 'restore latest --in-place --path srv/app/settings.json --apply'],
  chat: {
    summary: 'Show what a restore would change, and restore after your yes',
    details: [
      'Nothing is written before you have seen what would be added, changed and deleted, and have said yes. What the target holds is backed up first, so that the restore can be undone.',
      'Without `to` it goes to where it was backed up from; `to` is a folder below one that is configured for restores.',
    ],
    examples: ['restore', 'restore 4f07a1c2 path:settings.json', 'restore latest to:look'],
  },
  input,
  access: 'owner',
  destructive: true,
  json: {
    snapshot: 'ID of the snapshot',
    time: 'time of the snapshot',
    target: 'where it is restored to',
    applied: 'false for a preview',
    added: 'Changes',
    changed: 'Changes',
    deleted: 'Changes',
    unchanged: 'Changes',
    bytes: 'bytes that are, or would be, written',
    items:
      'array of `{action, path, type, size}`; `action` is `add`, `change`, `delete` or `metadata`; the path of the target itself is empty',
    itemsTotal: 'how many changes there are, where `items` holds only the first',
    safetySnapshot: 'ID of the snapshot that holds what the target held before, or null',
    keptOld: 'where the old content was kept, or null',
    damaged: 'array of Damage: with --keep-going, what could not be restored',
    losses: 'metadata that this machine could not restore, an array of strings',
    planHash: 'digest of what a confirmation stands for: the same for a preview and its restore',
    warnings: 'array of strings',
    durationMs: 'how long it took',
  },
  offer: async (context, { backup, at, source }) =>
    backup === undefined && at === undefined
      ? offerSnapshots(context, { field: 'backup', source, prompt: 'Which backup?' })
      : undefined,
  confirm,
  async task(context, given) {
    const request = await toRequest(context, given);
    return { source: request.apply ? (await chosen(context, request)).source : undefined };
  },
  run: async (context, given): Promise<RestoreResult> =>
    (await context.repository({ early: true })).restore(await toRequest(context, given), context),
  present: (result) => restoreView(result),
  outcome: ({ damaged }) => (damaged.length > 0 ? 'damaged' : undefined),
});
