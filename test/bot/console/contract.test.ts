import type { MessageRef, Platform, PlatformEvents, Reply } from '../../../src/bot/platform.ts';
import type { View } from '../../../src/view/view.ts';
import { describePlatform, type PlatformUnderTest, type VisibleMessage } from '../../contract/platform.ts';
import { ConsoleBench, numbersIn } from '../../helpers/console/console-bench.ts';

/** What was printed for a View. */
interface Printed {
  id: string;
  view: View;
  lines: readonly string[];
}

/** Remembers what the console printed for what it was given: what stands on a terminal does not say where a message begins. */
class Ledger {
  readonly printed: Printed[] = [];
  readonly #bench: ConsoleBench;
  #from = 0;

  constructor(bench: ConsoleBench) {
    this.#bench = bench;
  }

  note(view: View, { message }: Pick<MessageRef, 'message'>): void {
    const said = this.#bench.said();
    const lines = said.slice(this.#from).filter((line) => !line.startsWith('> '));
    this.#from = said.length;
    this.printed.push({ id: message, view, lines });
  }

  reply(reply: Reply): Reply {
    return {
      show: async (view) => {
        const ref = await reply.show(view);
        this.note(view, ref ?? { message: 'private' });
        return ref;
      },
      whisper: async (view) => {
        await reply.whisper(view);
        this.note(view, { message: 'private' });
      },
    };
  }
}

function partsOf(view: View): View[] {
  return view.kind === 'stack' ? view.views.flatMap(partsOf) : [view];
}

/** @param columns of a terminal; where absent, the console reads from a pipe */
async function open(columns: number | undefined): Promise<PlatformUnderTest> {
  let bench = await ConsoleBench.open(columns);
  let ledger = new Ledger(bench);
  let told: PlatformEvents | undefined;
  let arrived = 0;
  let stopped = false;

  const platform: Platform = {
    name: bench.platform.name,
    pace: bench.platform.pace,
    start(events) {
      told = events;
      const arriving = <E, R>(hand: (event: E, reply: Reply) => R): typeof hand => {
        return (event, reply) => {
          arrived++;
          return hand(event, ledger.reply(reply));
        };
      };
      return bench.platform.start({
        audience: (event) => events.audience(event),
        onCommand: arriving((event, reply) => events.onCommand(event, reply)),
        onPress: arriving((event, reply) => events.onPress(event, reply)),
        onCompletion: (event) => events.onCompletion(event),
        onState: (state) => events.onState(state),
        onRejected: (what) => events.onRejected(what),
      });
    },
    stop() {
      stopped = true;
      return bench.platform.stop();
    },
    async post(channel, view, options) {
      const ref = await bench.platform.post(channel, view, options);
      if (!ledger.printed.some(({ id }) => id === ref.message)) ledger.note(view, ref);
      return ref;
    },
    async edit(message, view) {
      await bench.platform.edit(message, view);
      ledger.note(view, message);
    },
  };

  const toVisible = ({ id, view, lines }: Printed): VisibleMessage => {
    const text = lines.join('\n');
    const parts = partsOf(view);
    const buttons = parts.flatMap((part) => (part.kind === 'buttons' ? part.buttons : []));
    const { buttons: shown } = numbersIn(lines);
    return {
      id,
      channel: 'terminal',
      text,
      files: parts.some(({ kind }) => kind === 'file') ? [`${text}\n`] : [],
      buttons: buttons.filter(({ label }) => shown.has(label)).map((button) => button.id),
      alive: bench.display.alive,
      private: true,
    };
  };
  /** Types a line, and waits until it was handed on, or refused in words. */
  const type = async (line: string): Promise<void> => {
    const before = arrived;
    const refused = (): number => bench.said().filter((said) => said.startsWith('There is no button')).length;
    const refusedBefore = refused();
    bench.type(`${line}\r`);
    await bench.until('what was typed', () => stopped || arrived > before || refused() > refusedBefore);
  };

  return {
    platform,
    channel: 'terminal',
    command: (name) => type(`/${name}`),
    async press({ id, text }, buttonId) {
      const held = ledger.printed.find((one) => one.id === id && text === one.lines.join('\n'));
      const buttons = partsOf(held?.view ?? { kind: 'stack', views: [] });
      const labels = buttons.flatMap((part) => (part.kind === 'buttons' ? part.buttons : []));
      const { label = '' } = labels.find((one) => one.id === buttonId) ?? {};
      await type(String(numbersIn(held?.lines ?? []).buttons.get(label)));
    },
    visible: () => ledger.printed.map(toVisible),
    // Nobody deletes what a terminal shows. It is gone when the bot runs on another.
    async remove() {
      await bench.platform.stop();
      bench = await ConsoleBench.open(columns);
      ledger = new Ledger(bench);
      if (told !== undefined) await platform.start(told);
    },
  };
}

const apart = {
  alone: 'whoever sits at the terminal is alone with it',
  once: 'a line is read once',
  stays: 'a terminal is not written over',
};

describePlatform('the console on a terminal', () => open(80), apart);
describePlatform('the console in a pipe', () => open(undefined), apart);
