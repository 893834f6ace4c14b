import type { Readable, Writable } from 'node:stream';
import type { Engine, OpenRequest } from '../backup/engine.ts';
import type { OperationContext } from '../backup/ports.ts';
import type { Configured } from '../config/configured.ts';
import type { RunControl } from '../jobs/run-desk.ts';
import type { ScheduleControl } from '../jobs/schedules/schedule-desk.ts';
import type { IncidentControl } from '../notify/notifier.ts';
import type { RunbookSetting } from '../runbook/collect.ts';
import type { ErrorCode } from '../shared/errors.ts';
import type { JobRecord, PlanWeight } from '../state/document.ts';
import type { Option, Sentence, View } from '../view/view.ts';
import type { Field, Form, RawValue } from './field.ts';

/** Who may run a command: `anyone` for what reveals nothing, `owner` for all else. */
export type Access = 'anyone' | 'owner';

export interface Identity {
  /** For people and the audit log: `root@host`. */
  name: string;
  access: Access;
}

/** What a command asks of the world besides the repository. Surfaces provide it. */
export interface Services {
  /** The repository that is worked on, opened at the first call. For the options see OpenRequest. */
  repository(options?: Pick<OpenRequest, 'early' | 'ahead'>): Promise<Engine>;
  /** Creates the repository. */
  create(label: string | undefined): Promise<Engine>;
  /** Opens a second repository; its passphrase comes from `passwordFile`, or from where the surface finds one. */
  otherRepository(location: string, passwordFile: string | undefined): Promise<Engine>;
  /** A passphrase that is to be set: from `passwordFile`, or from where the surface finds one. */
  newPassphrase(passwordFile: string | undefined): Promise<string>;
  standardInput(): Readable;
  standardOutput(): Writable;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What a configuration, and a bot on it, give to commands: handed through as it is by whatever lies between. Each is absent where there is none. */
export interface BotServices {
  /** What is configured. */
  configured?: Configured | undefined;
  /** Folder of the audit log. */
  auditFolder?: string | undefined;
  /** What a runbook tells besides the backups. */
  runbook?: (() => RunbookSetting) | undefined;
  jobs?: JobControl | undefined;
  /** When sources are backed up by themselves. */
  schedules?: ScheduleControl | undefined;
  /** What runs by itself, and how a configured source is backed up. */
  runs?: RunControl | undefined;
  /** The troubles that the bot knows of. */
  incidents?: IncidentControl | undefined;
}

export interface CommandContext extends Services, BotServices, OperationContext {
  identity: Identity;
  /** All commands, for those that tell about commands. */
  commands: CommandSource;
  /**
   * True where a person sees the plan and answers before anything is written. A restore then means the newest snapshot, in
   * place, applied, unless told otherwise.
   */
  guided: boolean;
}

/** What commands may do with jobs. */
export interface JobControl {
  /** Newest first. */
  list(): readonly JobRecord[];
  /** Asks a running job to end; false where it does not run. */
  cancel(id: string, by: string): boolean;
}

/** Something besides commands that can be typed on a surface, for its help. */
export interface HelpSection {
  title: string;
  rows: readonly { name: string; summary: string }[];
}

export interface CommandSource {
  /** The kind of surface that these are the commands of: it decides how options are written. */
  readonly form: Form;
  /** What the surface adds to the list of commands. */
  readonly sections: readonly HelpSection[];
  names(): readonly string[];
  /** Names of those that are there only where a configuration is named. */
  configuredNames?(): readonly string[];
  /** Undefined when there is none of that name. */
  load(name: string): Promise<AnyCommand | undefined>;
}

/** What has to be answered before a command runs. */
export interface Confirmation {
  /** What is going to happen, ending in what it would do. */
  view: View;
  question: string;
  /** The button that goes on. */
  label: string;
  /** `required`: where nobody can answer, the command is refused. `offered`: a script that runs it has answered by doing so. */
  need: 'required' | 'offered';
  /** What a yes stands for, where it may come later, and to another process. */
  plan?: Plan;
}

/** One field that a person has to choose a value for before a command goes on. */
export interface Offer {
  /** Name of the field. */
  field: string;
  prompt: string;
  /** Their values go into the field; at least two. */
  options: readonly Option[];
  /** How what is not among them is reached. */
  hint: Sentence;
}

export interface Plan {
  /** The input that means the same later: a snapshot's ID in place of `latest`. */
  raw: Readonly<Record<string, RawValue | undefined>>;
  /** Digest over what is restored, where to and how, and not over what is there now. */
  hash: string;
  weight: PlanWeight;
  /** The source that would be written. */
  source: string | undefined;
  /** True where a second owner has to agree. */
  protected: boolean;
}

/** What a job needs to know of the command that runs in it. */
export interface Task {
  /** The source that is written, of which there is one writer at a time; undefined where nothing is. */
  source: string | undefined;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

export type InputOf<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** The properties of every member of a union. */
type KeysOf<T> = T extends unknown ? keyof T : never;

export interface ChatHelp {
  summary?: string;
  details?: readonly string[];
  /** Each works as it is, with IDs that exist. */
  examples?: readonly string[];
}

/** A command, written once for all surfaces. */
export interface Command<F extends Fields, Result extends object> {
  /** One word, or two such as `key add`. */
  name: string;
  summary: string;
  /** What the help adds: paragraphs. */
  details?: readonly string[];
  /** Command lines for the help. */
  examples?: readonly string[];
  /** What the help of a chat says instead, where options are written `name:value`. */
  chat?: ChatHelp;
  input: F;
  access: Access;
  /** True when it can delete or overwrite something. */
  destructive: boolean;
  /** What each property of the result is: the reference of `--json`, complete because the compiler checks it. */
  json: Readonly<Record<KeysOf<Result> & string, string>>;
  /** What has to be chosen first, where there is something to choose from. Only chats ask. */
  offer?(context: CommandContext, input: InputOf<F>): Promise<Offer | undefined>;
  /** True where what a bot remembers, such as hooks and history, belongs to it: on a configuration it is always done by one. */
  remembers?: boolean;
  /** What must be answered first, if anything. It writes nothing. */
  confirm?(context: CommandContext, input: InputOf<F>): Promise<Confirmation | undefined>;
  run(context: CommandContext, input: InputOf<F>): Promise<Result>;
  present(result: Result): View;
  /** Which page the result is, of how many, where the command has a field `page`. */
  page?(result: Result): { page: number; pages: number };
  /** Says that the command takes long: where there are jobs it runs as one. What it gives is asked before it runs, and writes nothing. */
  task?(context: CommandContext, input: InputOf<F>): Promise<Task>;
  /** What a finished run counts as: `warnings` or `damaged` although it gave a result. */
  outcome?(result: Result): Extract<ErrorCode, 'warnings' | 'damaged'> | undefined;
}

/** A command whose input and result types nobody needs to know: surfaces handle all alike. */
export type AnyCommand = Command<Fields, object>;

/** Gives a command its types; the result is what the registry holds. */
export function defineCommand<const F extends Fields, Result extends object>(command: Command<F, Result>): AnyCommand {
  // Input is only ever made by the command's own fields, and a result only ever goes back to the command that gave it.
  return command as unknown as AnyCommand;
}
