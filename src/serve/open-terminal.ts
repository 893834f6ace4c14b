import type { ChatCommands } from '../bot/chat/chat-commands.ts';
import { createConsolePlatform } from '../bot/console/console-platform.ts';
import { openTerminalScreen } from '../bot/console/terminal-screen.ts';
import type { Platform } from '../bot/platform.ts';
import { chooseStyle } from '../terminal/style.ts';

export interface TerminalHost {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream & { columns?: number };
  environment: Readonly<Record<string, string | undefined>>;
  /** `root@host`. */
  user: string;
  now: () => number;
  monotonic: () => number;
}

/** The terminal that the bot was started on, for whoever sits there: they own the machine, and so the bot. */
export function openTerminal(
  { input, output, environment, user, now, monotonic }: TerminalHost,
  { commands, onLeave }: { commands: ChatCommands; onLeave: () => void },
): { platform: Platform; person: { platform: string; id: string } } {
  const person = { platform: 'console', id: user, name: user };
  const platform = createConsolePlatform({
    commands,
    person,
    style: chooseStyle(true, environment),
    now,
    onLeave,
    openScreen: ({ complete, interrupt }) =>
      openTerminalScreen({
        input,
        output,
        now: monotonic,
        prompt: '> ',
        complete,
        onInterrupt: (halfTyped) => {
          if (!halfTyped) interrupt();
        },
      }),
  });
  return { platform, person };
}
