import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { FakeDiscord, type OptionValue, textOf } from './discord/fake-discord.ts';
import type { FakeMessage } from './discord/fake-state.ts';
import { endProcess, type Finished, finish, startHoldfast } from './holdfast-process.ts';
import { NOTHING_BY_ITSELF } from './nothing-by-itself.ts';
import { createQuickRepository } from './quick-repository.ts';

const CHANNEL = '77';
const PASSPHRASE = 'open sesame';

export interface BotConfig {
  /** By name: keys of a source in YAML's flow style, besides its files, which are those of the folder of that name. */
  sources?: Readonly<Record<string, string>>;
  /** When what begins by itself does; nothing unless given. */
  byItself?: string;
  /** More top-level keys. */
  more?: string;
}

/** The real `holdfast serve` in a folder of its own, with Discord on loopback: what a test starts, kills and talks to. */
export class ServedBot {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-served-'));
  readonly discord: FakeDiscord;
  /** What the running process has written to its log. */
  said = '';
  #child: ChildProcess | undefined;

  static async make(config: BotConfig = {}): Promise<ServedBot> {
    const bot = new ServedBot(await FakeDiscord.start());
    writeFileSync(bot.at('passphrase'), `${PASSPHRASE}\n`);
    await createQuickRepository(bot.at('repository'), PASSPHRASE);
    bot.configure(config);
    return bot;
  }

  private constructor(discord: FakeDiscord) {
    this.discord = discord;
  }

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  configure({ sources = { app: '' }, byItself = NOTHING_BY_ITSELF, more = '' }: BotConfig): void {
    const written = Object.entries(sources).map(
      ([name, keys]) => `  ${name}: { files: { paths: [./${name}] }${keys && `, ${keys}`} }\n`,
    );
    for (const name of Object.keys(sources)) mkdirSync(this.at(name), { recursive: true });
    writeFileSync(
      this.at('holdfast.yaml'),
      `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources:
${written.join('')}owners: { discord: ['1234567890'] }
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '${this.discord.state.guild}', apiUrl: ${this.discord.apiUrl} }
notify: { discord: '${CHANNEL}' }
state: ./state
${byItself}${more}`,
    );
  }

  /** Resolves when commands can be called. */
  async start(): Promise<void> {
    this.said = '';
    const child = startHoldfast(['serve', '--config', this.at('holdfast.yaml')], { environment: this.#environment() });
    child.stderr?.on('data', (piece) => {
      this.said += piece;
    });
    this.#child = child;
    await expect.poll(() => this.said, { timeout: 60_000 }).toContain('discord is connected');
    const { discord } = this;
    await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
  }

  /** Gives the exit status. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    return endProcess(child, signal);
  }

  async restart(): Promise<void> {
    await this.end('SIGKILL');
    await this.start();
  }

  async close(): Promise<void> {
    await this.end('SIGKILL');
    await this.discord.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Calls a command as the owner; resolves with the answer once it matches. */
  ask(command: string, options: Readonly<Record<string, OptionValue>> = {}, matching = /./): Promise<FakeMessage> {
    return this.discord.answer(this.discord.call(command, options), matching);
  }

  async askForText(command: string, options: Readonly<Record<string, OptionValue>> = {}): Promise<string> {
    return textOf(await this.ask(command, options));
  }

  /** Resolves with a message of the channel that matches. */
  told(matching: RegExp): Promise<FakeMessage> {
    return this.discord.until(`${matching} in the channel`, () =>
      this.discord.messages(CHANNEL).find((message) => matching.test(textOf(message))),
    );
  }

  /** What the channel shows, oldest first. */
  get channel(): string[] {
    return this.discord.messages(CHANNEL).map(textOf);
  }

  /** Asks for a restore and says yes to its preview; resolves when the channel shows what comes of it. */
  async restore(options: Readonly<Record<string, OptionValue>>, matching = /Done in/): Promise<FakeMessage> {
    const preview = await this.ask('restore', options, /Nothing was written/);
    return this.discord.answer(this.discord.press(preview, 'Restore'), matching);
  }

  /** The command line on the repository, without the bot. */
  alone(...words: string[]): Promise<Finished> {
    return finish(this.startAlone(...words));
  }

  startAlone(...words: string[]): ChildProcess {
    const where = words.includes('--repo') ? [] : ['--repo', this.at('repository')];
    const whole = [...words, ...where, '--password-file', this.at('passphrase')];
    return startHoldfast(whole, { environment: this.#environment(), folder: this.folder });
  }

  #environment(): Record<string, string> {
    return { DISCORD_TOKEN: this.discord.token, HOLDFAST_STATE_DIR: this.at('memory') };
  }
}
