import type { ChatCommands } from '../bot/chat/chat-commands.ts';
import { type ConsolePlatform, createConsolePlatform } from '../bot/console/console-platform.ts';
import type { ScreenStreams } from '../bot/console/screen.ts';
import { openScriptScreen } from '../bot/console/script-screen.ts';
import { openTerminalScreen } from '../bot/console/terminal-screen.ts';
import type { Person } from '../bot/platform.ts';
import { chooseStyle } from '../terminal/style.ts';
import type { View } from '../view/view.ts';
import { savePages } from './save-pages.ts';

export interface TerminalHost extends ScreenStreams {
  /** True where input and output are a terminal; else the input is a script, whose end ends the bot. */
  interactive: boolean;
  environment: Readonly<Record<string, string | undefined>>;
  /** `root@host`. */
  user: string;
  now: () => number;
  monotonic: () => number;
  greeting: View;
}

/** The terminal that the bot was started on, for whoever sits there: they own the machine, and so the bot. `pages`: the folder for pages that it shows. */
export function openTerminal(
  host: TerminalHost,
  { commands, onLeave, pages }: { commands: ChatCommands; onLeave: (status: number) => void; pages: string },
): { platform: ConsolePlatform; person: Person } {
  const { input, output, interactive, environment, user, now, monotonic, greeting } = host;
  const person = { platform: 'console', id: user, name: user };
  const platform = createConsolePlatform({
    commands,
    person,
    interactive,
    greeting,
    style: chooseStyle(interactive, environment),
    now,
    onLeave,
    saveFile: savePages(pages),
    openScreen: ({ complete, interrupt }) =>
      interactive
        ? openTerminalScreen({ input, output, now: monotonic, prompt: '> ', complete, onInterrupt: interrupt })
        : openScriptScreen({ input, output }),
  });
  return { platform, person };
}
