import { join } from 'node:path';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import type { Person, Place } from '../../../src/bot/platform.ts';
import { startEngineProcess } from '../../../src/jobs/engine-process/start-engine-process.ts';
import { type Bot, openBot } from '../../../src/serve/bot.ts';
import { jobServices, sharedServices } from '../../../src/serve/engine-services.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import type { View } from '../../../src/view/view.ts';
import { MemoryPlatform, type ShownMessage, selectOf, wordsOf } from '../memory-platform.ts';
import { NO_HOOKS, unattendedOf } from '../unattended.ts';
import type { ChatDriver, SeenMessage, Stage, Who } from './chat-driver.ts';

const PEOPLE: Readonly<Record<Who, Person>> = {
  owner: { platform: 'memory', id: '1', name: 'Ann' },
  'second owner': { platform: 'memory', id: '2', name: 'Ben' },
  stranger: { platform: 'memory', id: '3', name: 'Ann' },
};
const PLACE: Place = { platform: 'memory', channel: 'c1', direct: false };

/** The bot on a chat in memory, with real engine processes. */
export async function memoryDriver(
  stage: Stage,
  isProtected = false,
): Promise<ChatDriver & { platform: MemoryPlatform; bot: () => Bot }> {
  const platform = new MemoryPlatform();
  const commands = await loadChatCommands();
  const engine = {
    start: () => startEngineProcess({ PATH: process.env.PATH ?? '', HOLDFAST_STATE_DIR: join(stage.folder, 'memory') }),
    location: stage.repository,
    passphrase: stage.passphrase,
    now: systemClock.now,
  };
  const open = async (): Promise<Bot> => {
    const bot = await openBot({
      version: '0.0.0',
      config: {
        repository: { location: stage.repository, passphrase: { env: 'PASSPHRASE' } },
        file: join(stage.folder, 'holdfast.yaml'),
        sources: [{ name: 'app', paths: [stage.data], exclude: [], protected: isProtected }],
        owners: [PEOPLE.owner, PEOPLE['second owner']],
        notify: {},
        routes: [],
        restoreRoots: [stage.restoreRoot],
        state: join(stage.folder, 'state'),
        unattended: unattendedOf({ app: '' }),
      },
      commands,
      local: [],
      services: sharedServices(engine),
      openJobServices: () => jobServices(engine),
      clock: systemClock,
      random: systemRandom,
      identity: readProcessIdentity(),
      hooks: NO_HOOKS,
      diskSpace: async () => undefined,
      scrub: (text) => text,
      log: ({ level, message }) => {
        if (level === 'error') console.error(message);
      },
    });
    await bot.start(platform);
    return bot;
  };
  let bot = await open();
  const last = (from: number): SeenMessage => seen(platform.messages.slice(from).at(-1) ?? platform.messages.at(-1));
  return {
    platform,
    bot: () => bot,
    async command(who, command, raw) {
      const from = platform.messages.length;
      await platform.command(PEOPLE[who], PLACE, command, raw);
      return last(from);
    },
    async begin(who, command, raw) {
      const from = platform.messages.length;
      void platform.command(PEOPLE[who], PLACE, command, raw);
      while (platform.messages[from] === undefined) await systemClock.sleep(10);
      return seen(platform.messages[from]);
    },
    async press(who, message, label) {
      const from = platform.messages.length;
      const held = platform.messages.find(({ ref }) => ref.message === message.id);
      await platform.press(PEOPLE[who], PLACE, idOf(message, label), held?.ref);
      return platform.messages.length > from ? last(from) : seen(held);
    },
    async choose(who, message, label) {
      const from = platform.messages.length;
      const held = platform.messages.find(({ ref }) => ref.message === message.id);
      const { id = '', options = [] } = (held && selectOf(held.view)) ?? {};
      const value = options.find((option) => option.label === label)?.value ?? '';
      await platform.choose(PEOPLE[who], PLACE, id, value, held?.ref);
      return platform.messages.length > from ? last(from) : seen(held);
    },
    complete: async (who, command, option, partial) =>
      (await platform.complete(PEOPLE[who], PLACE, command, option, partial)).map(({ value }) => value),
    look: ({ id }) => seen(platform.messages.find(({ ref }) => ref.message === id)),
    async restart() {
      await bot.stop([]);
      bot = await open();
    },
    stop: () => bot.stop([platform]),
  };
}

interface Remembered extends SeenMessage {
  ids: Readonly<Record<string, string>>;
}

/** The buttons as they were when the message was seen: a click may come late. */
function idOf(message: SeenMessage, label: string): string {
  return (message as Remembered).ids[label] ?? `no ${label}`;
}

function seen(message: ShownMessage | undefined): Remembered {
  if (message === undefined) throw new Error('nothing was shown');
  const ids = Object.fromEntries(buttonsOf(message.view));
  return {
    id: message.ref.message,
    text: wordsOf(message.view),
    buttons: Object.keys(ids),
    options: selectOf(message.view)?.options.map(({ label }) => label) ?? [],
    private: message.only !== undefined,
    ids,
  };
}

function buttonsOf(view: View): [string, string][] {
  if (view.kind === 'stack') return view.views.flatMap(buttonsOf);
  return view.kind === 'buttons' ? view.buttons.map(({ label, id }) => [label, id]) : [];
}
