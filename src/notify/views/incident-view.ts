import type { Affected, Incident, OutboxButton, UnattendedState } from '../../state/unattended-records.ts';
import { age, count, duration, id, time, type Value } from '../../view/value.ts';
import { hint, type Sentence, stack, type View } from '../../view/view.ts';
import { lastGoodOf } from '../last-good.ts';
import type { Letter } from '../outbox.ts';

/** Names in one message; the digest and `/incidents` have the rest. */
const MOST_NAMED = 30;
/** Sources that get a button of their own to try them again. */
const MOST_RETRIES = 3;

/** What a command that nobody has told about is worth trying. */
const ADVICE: Readonly<Partial<Record<string, string>>> = {
  storage_full: 'Make room, raise the cap (storage.cap), or keep less (retention).',
  store_unavailable: 'Check that the store is mounted and can be reached, then retry.',
  store_failed: 'Check the disk or the service that holds the repository, then retry.',
  permission: 'Let the user that runs Holdfast read it, or exclude it.',
  unreadable: 'Let the user that runs Holdfast read it, or exclude it.',
  command_failed: 'Run the command by hand as the user that runs Holdfast.',
  damaged: 'Run verify to see what is damaged, and repair index if it names the index.',
  interrupted: 'It is tried again at the next run.',
};

/** What a trouble looks like while it lasts, and afterwards in the same message. */
export function incidentLetter(incident: Incident, state: UnattendedState): Letter {
  const failing = incident.affected.filter(({ state: at }) => at === 'failing');
  if (incident.ended !== null) return { view: overView(incident) };
  const [only] = incident.affected.length === 1 ? incident.affected : [];
  const { error } = incident.last;
  const view = stack(
    {
      kind: 'status',
      tone: incident.severity === 'failure' ? 'bad' : 'warning',
      text: headline(incident, failing),
      next: error.advice ?? ADVICE[error.code] ?? 'See the log for what happened.',
    },
    {
      kind: 'fields',
      fields: [
        ['Cause', error.message],
        ['Phase', error.phase],
        ['Began', [age(incident.since), ...(only === undefined ? [] : times(only.failures))]],
        ...(only?.what === 'source' ? ([['Last good backup', lastGood(only.name, state)]] as const) : []),
        ['Incident', incident.id],
      ],
    },
    only === undefined ? affectedList(incident.affected, state) : undefined,
    ...quietness(incident),
  );
  return { view, buttons: buttonsOf(incident, failing) };
}

/** That it is over, in a message of its own. */
export function recoveredLetter(incident: Incident, state: UnattendedState): Letter {
  const { affected, since, ended, last } = incident;
  const lasted = duration(Date.parse(ended ?? since) - Date.parse(since));
  const [only] = affected.length === 1 ? affected : [];
  const good = only === undefined ? undefined : lastGoodOf(state, only.name);
  return {
    view: stack(
      { kind: 'status', tone: 'good', text: [...worksAgain(affected), ' after ', lasted] },
      {
        kind: 'fields',
        fields: [
          ['Cause', last.error.message],
          ['From', [time(since), ' to ', time(ended ?? since)]],
          ...(good?.snapshot ? ([['Newest backup', [id(good.snapshot), ', ', age(good.at)]]] as const) : []),
          ['Incident', incident.id],
        ],
      },
      only === undefined ? names(affected.map((one) => [one.name])) : undefined,
    ),
  };
}

function overView(incident: Incident): View {
  const { affected, since, ended, last } = incident;
  const lasted = duration(Date.parse(ended ?? since) - Date.parse(since));
  const text: Sentence =
    affected.length === 0
      ? 'This trouble became another one; see below'
      : ['Over after ', lasted, ': ', ...worksAgain(affected)];
  return stack(
    { kind: 'status', tone: 'plain', text },
    {
      kind: 'fields',
      fields: [
        ['Cause was', last.error.message],
        ['Incident', incident.id],
      ],
    },
    affected.length > 1 ? names(affected.map((one) => [one.name])) : undefined,
  );
}

function headline({ affected, told, last }: Incident, failing: readonly Affected[]): Sentence {
  const still = told > 1 ? 'still ' : '';
  const [only] = affected.length === 1 ? affected : [];
  if (last.error.code === 'stale') {
    if (only !== undefined) return `${only.name} ${still}has no recent backup`;
    return [count(failing.length, 'source'), ` ${still}${failing.length === 1 ? 'has' : 'have'} no recent backup`];
  }
  if (only !== undefined) {
    const what = only.what === 'source' ? `The backup of ${only.name}` : `The ${only.name}`;
    return `${what} ${still}${still === '' ? 'failed' : 'fails'}`;
  }
  return [...parties(failing, 'backup'), still === '' ? ' failed for one reason' : ' still fail for one reason'];
}

/** `3 backups, prune`. */
function parties(affected: readonly Affected[], of: 'backup' | 'source'): Value[] {
  const tasks = affected.filter(({ what }) => what === 'task').map(({ name }) => name);
  const sources = affected.length - tasks.length;
  return [...(sources > 0 ? [count(sources, of)] : []), sources > 0 && tasks.length > 0 ? ', ' : '', tasks.join(', ')];
}

function worksAgain(affected: readonly Affected[]): Value[] {
  const [only] = affected.length === 1 ? affected : [];
  if (only?.what === 'source') return [`${only.name} is backed up again`];
  if (only !== undefined) return [`The ${only.name} works again`];
  if (affected.every(({ what }) => what === 'source'))
    return [count(affected.length, 'source'), ' are backed up again'];
  return [...parties(affected, 'source'), ' work again'];
}

const times = (failures: number): Value[] => (failures > 1 ? [`, ${failures} times`] : []);

function lastGood(name: string, state: UnattendedState): Value[] {
  const good = lastGoodOf(state, name);
  if (good === undefined) return ['none is known'];
  return [age(good.at), ...(good.snapshot === null ? [] : [', snapshot ', id(good.snapshot)])];
}

function affectedList(affected: readonly Affected[], state: UnattendedState): View {
  return names(
    affected.map((one): Value[] => {
      if (one.state === 'recovered') return [`${one.name}: works again`];
      if (one.state === 'elsewhere') return [`${one.name}: fails for another reason now`];
      if (one.what === 'task') return [`${one.name}: fails too`];
      return [
        `${one.name}: last good backup `,
        ...lastGood(one.name, state),
        one.stale ? ', older than it may be' : '',
      ];
    }),
  );
}

const names = (items: readonly Sentence[]): View => ({
  kind: 'list',
  items: items.slice(0, MOST_NAMED),
  total: items.length,
});

const quietness = ({ acknowledged, snoozedUntil }: Incident): (View | undefined)[] => [
  snoozedUntil === null ? undefined : hint('Snoozed until ', time(snoozedUntil)),
  acknowledged === null ? undefined : hint(`Acknowledged by ${acknowledged}: quiet until it changes or recovers`),
];

function buttonsOf(incident: Incident, failing: readonly Affected[]): OutboxButton[] {
  const raw = { incident: incident.id };
  const sources = failing.filter(({ what }) => what === 'source').slice(0, MOST_RETRIES);
  const isOnly = incident.affected.length === 1;
  return [
    ...sources.map(
      ({ name }): OutboxButton => ({
        label: isOnly ? 'Retry' : `Retry ${name}`,
        tone: 'good',
        command: 'backup',
        raw: { source: name },
      }),
    ),
    { label: 'Log', command: 'incident log', raw },
    ...(incident.snoozedUntil === null
      ? [{ label: 'Snooze 1 d', tone: 'quiet', command: 'incident snooze', raw } as const]
      : []),
    ...(incident.acknowledged === null
      ? [{ label: 'Acknowledge', tone: 'quiet', command: 'incident acknowledge', raw } as const]
      : []),
  ];
}
