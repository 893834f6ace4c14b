import type { Confirmation, Plan } from '../../commands/command.ts';
import type { Approval, PlanWeight } from '../../state/document.ts';
import { stack, type View, warning } from '../../view/view.ts';
import type { Person, Place } from '../platform.ts';
import { type Buttons, MINUTE_MS, type NewButton } from './buttons.ts';

/** What is looked at now is decided soon; a second owner may be at lunch. */
const REQUESTER_MS = 15 * MINUTE_MS;
const SECOND_MS = 2 * 60 * MINUTE_MS;
/** Sizes that differ by less are one class. */
const SIZE_CLASS = 4;
const SMALL_BYTES = 1024 * 1024;

export interface Asked {
  command: string;
  plan: Plan;
  confirmation: Confirmation;
  place: Pick<Place, 'platform' | 'channel'>;
}

/** A question with buttons for whoever asked. They are on disk before the question is seen. */
export async function askRequester(buttons: Buttons, asked: Asked, person: Person, again: boolean): Promise<View> {
  const { confirmation, place } = asked;
  const approval = approvalOf(asked);
  const only = { only: person };
  const rows: NewButton[] = [
    { label: confirmation.label, tone: 'bad', purpose: { kind: 'confirm', approval }, by: only },
    { label: 'Cancel', purpose: { kind: 'dismiss' }, by: only },
  ];
  return stack(
    again ? warning('More would change now than was shown before. This is how it stands:') : undefined,
    confirmation.view,
    { kind: 'status', tone: 'warning', text: confirmation.question },
    { kind: 'buttons', buttons: await buttons.create(rows, place, REQUESTER_MS) },
  );
}

/** The question for another owner, with a button of their own. */
export async function askSecondOwner(buttons: Buttons, asked: Asked, requester: Person): Promise<View> {
  const { confirmation, place } = asked;
  const purpose = { kind: 'approve', approval: approvalOf(asked), requester } as const;
  const rows: NewButton[] = [
    { label: 'Approve', tone: 'bad', purpose, by: { ownersBut: requester } },
    { label: 'Cancel', purpose: { kind: 'dismiss' }, by: 'owners' },
  ];
  return stack(
    confirmation.view,
    {
      kind: 'status',
      tone: 'warning',
      text: [`${requester.name} asks: ${confirmation.question} It is protected, so another owner has to approve.`],
    },
    { kind: 'buttons', buttons: await buttons.create(rows, place, SECOND_MS) },
  );
}

function approvalOf({ command, plan }: Asked): Approval {
  const { raw, hash, weight, source, protected: two } = plan;
  return { command, raw, hash, weight, source, two };
}

/** Whether more would be lost or written than somebody agreed to. Live data moves all the time: a little more is no reason to ask again. */
export function isMateriallyMore(now: PlanWeight, then: PlanWeight): boolean {
  return (
    now.deletedFiles > then.deletedFiles ||
    classOf(now.bytes) > classOf(then.bytes) ||
    now.changedFiles > 2 * then.changedFiles + 10
  );
}

function classOf(bytes: number): number {
  return bytes <= SMALL_BYTES ? 0 : Math.ceil(Math.log(bytes / SMALL_BYTES) / Math.log(SIZE_CLASS));
}
