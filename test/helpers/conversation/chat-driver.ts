/** A person in a chat, on any platform: what the conversation suite needs of it. */
export interface ChatDriver {
  /** Calls a command and resolves once its answer is final: what the person then sees. */
  command(
    who: Who,
    command: string,
    options?: Readonly<Record<string, string | number | boolean>>,
  ): Promise<SeenMessage>;
  /** As `command`, but resolves as soon as something is shown. */
  begin(who: Who, command: string, options?: Readonly<Record<string, string | number | boolean>>): Promise<SeenMessage>;
  /** Presses a button and resolves once what follows is final. Undefined where nothing visible follows. */
  press(who: Who, message: SeenMessage, label: string): Promise<SeenMessage>;
  /** Chooses an option of a select, and resolves once what follows is final. */
  choose(who: Who, message: SeenMessage, label: string): Promise<SeenMessage>;
  /** What a half-typed option may become. */
  complete(who: Who, command: string, option: string, partial: string): Promise<readonly string[]>;
  /** The message as it is now. */
  look(message: SeenMessage): SeenMessage;
  /** Kills the bot and starts it again on the same state. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Two owners and somebody who is none. */
export type Who = 'owner' | 'second owner' | 'stranger';

export interface SeenMessage {
  id: string;
  /** Everything that can be read, the names of attached files included. */
  text: string;
  /** Labels. */
  buttons: readonly string[];
  /** Labels of what can be chosen. */
  options: readonly string[];
  /** Only the person sees it. */
  private: boolean;
}

/** What a driver is made on. */
export interface Stage {
  folder: string;
  /** The folder that source `app` backs up, and that `protected` protects. */
  data: string;
  restoreRoot: string;
  repository: string;
  passphrase: string;
}

/** What cannot be on a platform, and why. The suite holds it to what is true there instead. */
export interface Apart {
  /** There is one person, an owner, and what they see is theirs alone. */
  alone?: string;
  /** What was shown before a restart can be pressed no more. */
  forgets?: string;
}

export type MakeDriver = (stage: Stage) => Promise<ChatDriver>;
