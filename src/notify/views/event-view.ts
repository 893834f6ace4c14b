import { bytes, count, id, share, time } from '../../view/value.ts';
import { bad, stack, text, type View, warning } from '../../view/view.ts';
import type { HappenedEvent } from '../event.ts';
import type { Letter } from '../outbox.ts';

type Of<K extends HappenedEvent['kind']> = Extract<HappenedEvent, { kind: K }>;

const MOST_NAMED = 30;
/** Due times of one source that are named. */
const MOST_TIMES = 3;

const THEN: Readonly<Record<Of<'missed'>['policy'], string>> = {
  run_once: 'runs once now',
  skip: 'waits for its next time',
  alert: 'does not run by itself: back it up by hand if it should',
};

export function missedView(missed: readonly Omit<Of<'missed'>, 'kind'>[]): View {
  const [only] = missed.length === 1 ? missed : [];
  return stack(
    warning(
      ...(only === undefined ? [count(missed.length, 'source')] : [only.source]),
      ` missed ${only?.due.length === 1 ? 'a backup' : 'backups'} that ${only?.due.length === 1 ? 'was' : 'were'} due while nothing could run`,
    ),
    {
      kind: 'list',
      items: missed
        .slice(0, MOST_NAMED)
        .map(({ source, classes, due, policy }) => [
          `${source} (${classes.join(', ')}), due `,
          ...due.slice(-MOST_TIMES).flatMap((at, i) => (i === 0 ? [time(at)] : [', ', time(at)])),
          due.length > MOST_TIMES ? ` and ${due.length - MOST_TIMES} times before` : '',
          `: ${THEN[policy]}`,
        ]),
      total: missed.length,
    },
  );
}

export function interruptedView(jobs: readonly { job: string; what: string }[]): View {
  return stack(
    {
      kind: 'status',
      tone: 'warning',
      text: [
        count(jobs.length, 'job'),
        jobs.length === 1 ? ' was' : ' were',
        ' interrupted: Holdfast was stopped meanwhile',
      ],
      next: 'Nothing is half done. What is scheduled runs again at its next time.',
    },
    {
      kind: 'list',
      items: jobs.slice(0, MOST_NAMED).map(({ job, what }) => `${what} (job ${job})`),
      total: jobs.length,
    },
  );
}

const FILLED: Readonly<Record<Of<'filling'>['what'], { subject: (place: string) => string; ways: string }>> = {
  cap: {
    subject: () => 'The repository',
    ways: 'Raise storage.cap, keep less (retention) and prune, or move the repository to larger storage.',
  },
  disk: {
    subject: (place) => `The disk of ${place}`,
    ways: 'Free space on the disk, keep less (retention) and prune, or move to a larger disk.',
  },
};

export function fillingView({ what, place, usedBytes, limitBytes, daysLeft }: Of<'filling'>): View {
  const { subject, ways } = FILLED[what];
  const part = limitBytes > 0 ? usedBytes / limitBytes : 1;
  return stack(
    {
      kind: 'status',
      tone: part >= 0.95 ? 'bad' : 'warning',
      text: [`${subject(place)} is `, share(part), ` full`],
      next: ways,
    },
    {
      kind: 'fields',
      fields: [
        ['Used', [bytes(usedBytes), ' of ', bytes(limitBytes)]],
        ['Free', bytes(Math.max(limitBytes - usedBytes, 0))],
        ['Full in', daysLeft === null ? 'not foreseeable' : ['about ', count(Math.floor(daysLeft), 'day')]],
      ],
    },
  );
}

export function emptiedView({ what, place, usedBytes, limitBytes }: Of<'emptied'>): View {
  const { subject } = FILLED[what];
  return {
    kind: 'status',
    tone: 'good',
    text: [`${subject(place)} has room again: `, share(limitBytes > 0 ? usedBytes / limitBytes : 1), ' full'],
  };
}

export function holdLetter({ source, suspect, kept, reasons }: Of<'hold'>): Letter {
  return {
    view: stack(
      {
        kind: 'status',
        tone: 'bad',
        text: [`The last backup of ${source} is far from the usual`],
        next: 'If you expected this, say that it looks right. If not, somebody or something may be destroying your files: stop it, and restore the backup that is held.',
      },
      { kind: 'list', items: reasons.slice(0, MOST_NAMED), total: reasons.length, tone: 'warning' },
      {
        kind: 'fields',
        fields: [
          ['Suspect', id(suspect)],
          ['Held', [id(kept), ', the last good one']],
        ],
      },
      text(`Until somebody has looked, nothing of ${source} is forgotten, and nothing is pruned.`),
    ),
    buttons: [
      { label: 'Looks right', command: 'hold accept', raw: { source } },
      { label: 'Keep holding', tone: 'quiet', command: 'hold keep', raw: { source } },
    ],
  };
}

export function holdEndedLetter({ source, verdict, by }: Of<'hold_answered'>): Letter {
  if (verdict === 'looks right') {
    return {
      view: {
        kind: 'status',
        tone: 'good',
        text: `${by} says that the last backup of ${source} looks right: nothing is held any more`,
      },
    };
  }
  return {
    view: warning(`${by} keeps the last good backup of ${source} held: nothing of it is forgotten`),
    buttons: [{ label: 'Looks right', command: 'hold accept', raw: { source } }],
  };
}

export const fallbackView = ({ reason }: Of<'state_fallback'>): View => ({
  kind: 'status',
  tone: 'warning',
  text: ['What the bot remembered was damaged: ', reason],
  next: 'The last change before may be lost. Look at the schedules and at what is held.',
});

export const brokenAuditView = ({ reason }: Of<'audit_broken'>): View =>
  stack(
    bad('The audit log does not fit what the repository says of it: ', reason),
    text('Somebody may have changed it, or it was restored from an earlier state.'),
  );

export const staleWords = ({ since, limitMs }: Pick<Of<'stale'>, 'since' | 'limitMs'>): string => {
  const hours = Math.round(limitMs / 3_600_000);
  return since === null
    ? 'There has never been a good backup'
    : `There has been no good backup for more than ${hours} h`;
};
