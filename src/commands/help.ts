import { HoldfastError } from '../shared/errors.ts';
import { type CommandContext, type CommandSource, defineCommand, type HelpSection } from './command.ts';
import { list } from './field.ts';
import { describeCommand, type HelpPage } from './parts/help-page.ts';
import { helpPageView, overviewView } from './parts/help-view.ts';
import { closest } from './suggest.ts';

const WITH_CONFIG = 'Of a bot, with --config FILE';

interface Overview {
  commands: HelpSection['rows'];
  sections: readonly HelpSection[];
}

async function overview({ commands }: CommandContext): Promise<Overview> {
  const [own, configured] = await Promise.all([
    rowsOf(commands, commands.names()),
    rowsOf(commands, commands.configuredNames?.() ?? []),
  ]);
  return { commands: own, sections: [{ title: WITH_CONFIG, rows: configured }, ...commands.sections] };
}

async function rowsOf(commands: CommandSource, names: readonly string[]): Promise<HelpSection['rows']> {
  const all = await Promise.all(names.map((name) => commands.load(name)));
  return all.flatMap((command) => (command ? [{ name: command.name, summary: command.summary }] : []));
}

async function explain({ commands }: CommandContext, topic: string): Promise<HelpPage | Overview> {
  const command = await commands.load(topic);
  if (command !== undefined) return { ...describeCommand(command, commands.form) };
  const names = [...commands.names(), ...(commands.configuredNames?.() ?? [])];
  const rows = await rowsOf(
    commands,
    names.filter((name) => name.startsWith(`${topic} `)),
  );
  if (rows.length > 0) return { commands: rows, sections: [] };
  const meant = closest(topic, names);
  throw new HoldfastError('usage', `There is no command ${JSON.stringify(topic)}`, {
    advice: meant === undefined ? 'See help for all commands.' : `Did you mean ${meant}?`,
  });
}

export const help = defineCommand({
  name: 'help',
  summary: 'List all commands, or explain one',
  examples: ['help restore'],
  chat: { examples: ['help', 'help restore'] },
  input: { topic: list('Command to explain', { position: 'COMMAND', completes: 'command' }) },
  access: 'anyone',
  destructive: false,
  json: {
    commands: 'without COMMAND: array of `{name, summary}`',
    sections:
      'without COMMAND: what else can be typed here, an array of `{title, rows}` with `rows` of `{name, summary}`',
    command: 'with COMMAND: its name',
    summary: 'what it does',
    usage: 'how it is typed',
    details: 'paragraphs, an array of strings',
    arguments: 'array of `{name, summary}`',
    options: 'array of `{name, summary}`',
    examples: 'array of strings',
  },
  run: (context, { topic }): Promise<HelpPage | Overview> =>
    topic.length === 0 ? overview(context) : explain(context, topic.join(' ')),
  present: (result) =>
    'commands' in result ? overviewView(result.commands, result.sections) : helpPageView(result, []),
});
