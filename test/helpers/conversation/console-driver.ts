import { optionName } from '../../../src/commands/parse-input.ts';
import type { Bot } from '../../../src/serve/bot.ts';
import { CONSOLE_USER, ConsoleBench, numbersIn } from '../console/console-bench.ts';
import type { ChatDriver, SeenMessage, Stage, Who } from './chat-driver.ts';
import { EventWatch, openStageBot } from './stage-bot.ts';

/** Wide enough that no sentence is broken. */
const COLUMNS = 400;
const NO_BUTTON = 'There is no button';

interface Remembered extends SeenMessage {
  bench: ConsoleBench;
  /** Its first line. */
  from: number;
  /** What has to be typed, by label, as it was when the message was seen. */
  numbers: ReadonlyMap<string, number>;
}

/** The bot on a terminal, with real engine processes: lines are typed, and what stands on the screen is read. A message is what stands below a line that was typed. */
export async function consoleDriver(stage: Stage): Promise<ChatDriver & { bench: () => ConsoleBench }> {
  const events = new EventWatch();
  const open = async (): Promise<{ bot: Bot; bench: ConsoleBench }> => {
    const bench = await ConsoleBench.open(COLUMNS);
    return { bench, bot: await openStageBot(stage, events.watch(bench.platform), [CONSOLE_USER]) };
  };
  let running = await open();

  const seen = (bench: ConsoleBench, from: number): Remembered => {
    const lines = bench.said(from);
    const { buttons, options } = numbersIn(lines);
    return {
      id: String(from),
      text: lines.join('\n'),
      buttons: [...buttons.keys()],
      options: [...options.keys()],
      private: true,
      bench,
      from,
      numbers: new Map([...buttons, ...options]),
    };
  };
  /** Types a line; gives where the answer begins: what is shown in place moves below what was typed. */
  const type = async (who: Who, line: string): Promise<number> => {
    if (who !== 'owner') throw new Error(`There is no ${who} at the terminal`);
    const { bench } = running;
    const echoes = (): number[] => bench.said().flatMap((said, i) => (said === `> ${line}` ? [i] : []));
    const before = echoes().length;
    bench.type(`${line}\r`);
    return bench.until('the line', () => echoes().length > before && (echoes().at(-1) ?? 0) + 1);
  };
  const call = (
    who: Who,
    name: string,
    given: Readonly<Record<string, string | number | boolean>>,
  ): Promise<number> => {
    const words = Object.entries(given).map(([key, value]) => ` ${optionName(key)}:"${value}"`);
    return type(who, `/${name}${words.join('')}`);
  };
  const answerTo = async (typing: () => Promise<number>): Promise<Remembered> => {
    const number = events.next;
    const from = await typing();
    const { bench } = running;
    const isRefused = (): boolean => bench.said(from).some((line) => line.startsWith(NO_BUTTON));
    await bench.until('an answer', () => events.isOver(number) || isRefused());
    return seen(bench, from);
  };

  const press: ChatDriver['press'] = async (who, message, label) => {
    const number = (message as Remembered).numbers.get(label);
    if (number === undefined) throw new Error(`There is no ${label} in ${message.text}`);
    return answerTo(() => type(who, String(number)));
  };

  return {
    bench: () => running.bench,
    command: (who, name, given = {}) => answerTo(() => call(who, name, given)),
    async begin(who, name, given = {}) {
      const from = await call(who, name, given);
      const { bench } = running;
      return bench.until('a button', () => {
        const now = seen(bench, from);
        return now.buttons.length > 0 && now;
      });
    },
    press,
    // Both are numbers.
    choose: press,
    look(message) {
      const { bench, from } = message as Remembered;
      return seen(bench, from);
    },
    async complete(who, name, option, partial) {
      const from = await type(who, '');
      const { bench } = running;
      bench.type(`/${name} ${optionName(option)}:${partial}`);
      const typed = (): string => bench.display.lines().at(-1) ?? '';
      await bench.until('what is typed', () => typed().endsWith(partial));
      // The first gives the rest of the only one, the second a list of several. Together they would be a paste.
      for (const key of ['\t', '\t']) bench.type(key);
      await bench.until('what it may become', () => !typed().endsWith(partial) || bench.said(from).length > 1);
      const offered = [typed(), ...bench.said(from)].join(' ').split(/\s+/);
      bench.type('\x05\x15');
      return offered.map((word) => word.replace(/^[a-z-]+:/, '')).filter((word) => word.startsWith(partial));
    },
    async restart() {
      await running.bot.stop([running.bench.platform]);
      running = await open();
    },
    async stop() {
      await running.bot.stop([running.bench.platform]);
    },
  };
}
