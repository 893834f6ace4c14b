import type { RunbookBackup, RunbookFacts, RunbookSource } from './facts.ts';

/**
 * The commands that a runbook prints, as a shell reads them. Each block stands for itself: it may be copied alone, into a shell that knows nothing of the others. Where the
 * repository lies somewhere else by now, HOLDFAST_REPO says so, or the folder that the shell stands in; TARGET says where to restore to.
 */
export interface Block {
  title: string;
  lines: readonly string[];
}

/** As one word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

interface Restorable {
  name: string;
  newest: RunbookBackup;
  /** Where it goes, as a shell reads it. */
  target: string;
}

/** Sources that have a backup, each with a folder of its own below the target: names may hold what those of files may not. */
function restorableOf(sources: readonly RunbookSource[]): Restorable[] {
  const taken = new Set<string>();
  return sources.flatMap(({ name, newest }) => {
    if (newest === undefined) return [];
    const plain = name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^\.+/, '') || 'source';
    let folder = plain;
    for (let number = 2; taken.has(folder); number++) folder = `${plain}-${number}`;
    taken.add(folder);
    return [{ name, newest, target: `"\${TARGET:-$HOME/restored}/${folder}"` }];
  });
}

/** `location` is left out where the page may be read by anybody. */
const whereabouts = (location: string | undefined): string =>
  `[ -n "$HOLDFAST_REPO" ] || HOLDFAST_REPO=${location === undefined ? '.' : shellWord(location)}`;

const ENTER = 'cd "$HOLDFAST_REPO" 2>/dev/null || echo "Using the repository in $PWD"';

export function rescueBlocks({ repository, sources }: RunbookFacts, location: string | undefined): Block[] {
  const { rescue } = repository;
  if (rescue === undefined) return [];
  const program = shellWord(rescue.name);
  const enter = [whereabouts(location), ENTER];
  const run = (words: string): string[] => [...enter, `node ${program} ${words}`];
  const restorable = restorableOf(sources);
  return [
    { title: 'Node has to be 22.15 or newer (nodejs.org)', lines: ['node --version'] },
    {
      title: 'Is the program the one that Holdfast put there?',
      lines: [...enter, `echo ${shellWord(`${rescue.sha256}  ${rescue.name}`)} | sha256sum -c -`],
    },
    { title: 'What is there; it asks for the passphrase, or takes it from HOLDFAST_PASSWORD_FILE', lines: run('list') },
    ...restorable.map((source) => ({
      title: `Restore ${source.name} as it was on ${source.newest.time}`,
      lines: run(`restore ${source.newest.id.slice(0, 16)} --to ${source.target}`),
    })),
    ...restorable.map((source) => countBlock(source)),
    { title: 'Is everything else in the repository whole?', lines: run('check') },
  ];
}

export function holdfastBlocks({ repository, sources }: RunbookFacts, location: string | undefined): Block[] {
  const restorable = restorableOf(sources);
  const run = (words: string): string[] => [whereabouts(location), `holdfast ${words}`];
  const at = '--repo "$HOLDFAST_REPO"';
  return [
    {
      title: 'Is it the right repository?',
      lines: [...run(`stats ${at}`), `# its ID must begin with ${repository.id.slice(0, 16)}`],
    },
    { title: 'What is there', lines: run(`list ${at}`) },
    ...restorable.map((source) => ({
      title: `Restore ${source.name} into an empty folder`,
      lines: run(`restore ${source.newest.id.slice(0, 16)} ${at} --to ${source.target} --apply --yes`),
    })),
    ...restorable.map((source) => ({
      title: `Compare the checksum of every file of ${source.name}`,
      lines: [
        ...run(`show ${source.newest.id.slice(0, 16)} --sha256sums ${at} > "\${TMPDIR:-/tmp}/sums"`),
        `(cd ${source.target} && sha256sum --quiet -c "\${TMPDIR:-/tmp}/sums") && echo "every file is right"`,
      ],
    })),
  ];
}

function countBlock(source: Restorable): Block {
  return {
    title: `${source.name} must have ${source.newest.files} files`,
    lines: [`find ${source.target} ! -type d | wc -l`],
  };
}
