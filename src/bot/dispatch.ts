import type { OperationContext } from '../backup/ports.ts';
import type {
  AnyCommand,
  BotServices,
  CommandContext,
  CommandSource,
  Confirmation,
  Fields,
  Identity,
  InputOf,
  Offer,
  Services,
  Task,
} from '../commands/command.ts';
import { parseInput, type RawInput } from '../commands/parse-input.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { View } from '../view/view.ts';

/** One request to run a command, from any surface. */
export interface Invocation {
  command: AnyCommand;
  raw: RawInput;
  identity: Identity;
  /** True where the question was answered with the request, as by `--yes`. */
  answered: boolean;
  signal: AbortSignal;
}

/** What a surface does for the commands that run on it. */
export interface Surface extends Pick<Required<OperationContext>, 'onProgress' | 'onWarning'> {
  commands: CommandSource;
  /** Absent where no configuration is named. */
  bot?: BotServices | undefined;
  /** See CommandContext. */
  guided: boolean;
  /** Gives the person's answer; absent where nobody can answer. */
  ask?: ((confirmation: Confirmation) => Promise<boolean>) | undefined;
}

export interface Execution {
  /** Typed by the command; what a machine gets. */
  result: object;
  /** What a person gets. */
  view: View;
  /** What the run counts as although it gave a result. */
  outcome: Extract<ErrorCode, 'warnings' | 'damaged'> | undefined;
}

/**
 * Runs one command: authorise, parse, confirm, run, present. Undefined means that the person was asked and said no.
 * The result may hold streams that read from the repository: render it before the repository is closed.
 *
 * @throws HoldfastError of the command; `usage` for wrong input; `refused` for a stranger, and where a required answer is missing
 */
export async function dispatch(
  invocation: Invocation,
  surface: Surface,
  services: Services,
): Promise<Execution | undefined> {
  const { command } = invocation;
  const { context, input } = prepare(invocation, surface, services);
  if (!invocation.answered && !(await isConfirmed(command, context, input, surface))) return undefined;
  const result = await command.run(context, input);
  return { result, view: command.present(result), outcome: command.outcome?.(result) };
}

/**
 * What has to be chosen before a command goes on; undefined where nothing has.
 *
 * @throws HoldfastError as `dispatch`
 */
export async function offerOf(
  invocation: Invocation,
  surface: Surface,
  services: Services,
): Promise<Offer | undefined> {
  const { context, input } = prepare(invocation, surface, services);
  return invocation.command.offer?.(context, input);
}

/**
 * What has to be answered before a command runs, for surfaces where the answer comes later; undefined where it may run at once.
 *
 * @throws HoldfastError as `dispatch`
 */
export async function question(
  invocation: Invocation,
  surface: Surface,
  services: Services,
): Promise<Confirmation | undefined> {
  const { context, input } = prepare(invocation, surface, services);
  return invocation.command.confirm?.(context, input);
}

/**
 * What a command needs as a job; undefined where it is none.
 *
 * @throws HoldfastError as `dispatch`
 */
export async function taskOf(invocation: Invocation, surface: Surface, services: Services): Promise<Task | undefined> {
  const { context, input } = prepare(invocation, surface, services);
  return invocation.command.task?.(context, input);
}

function prepare(
  { command, raw, identity, signal }: Invocation,
  surface: Surface,
  services: Services,
): { context: CommandContext; input: InputOf<Fields> } {
  authorise(command, identity);
  const input = parseInput(command.input, raw, {
    nowMs: services.now(),
    form: surface.commands.form,
  }) as InputOf<Fields>;
  const { onProgress, onWarning, commands, guided, bot } = surface;
  return { context: { ...services, ...bot, commands, guided, identity, signal, onProgress, onWarning }, input };
}

/** The refusal tells nothing about the command: not even whether it exists. */
function authorise(command: AnyCommand, identity: Identity): void {
  if (command.access === 'anyone' || identity.access === 'owner') return;
  throw new HoldfastError('refused', 'You may not do this', { advice: 'Ask an owner.' });
}

async function isConfirmed(
  command: AnyCommand,
  context: CommandContext,
  input: InputOf<Fields>,
  { ask }: Surface,
): Promise<boolean> {
  const confirmation = await command.confirm?.(context, input);
  if (confirmation === undefined) return true;
  if (ask !== undefined) return ask(confirmation);
  if (confirmation.need === 'offered') return true;
  throw new HoldfastError('refused', `${confirmation.question} Nobody is there to answer`, {
    advice: 'Look at the preview without --apply, then say --yes.',
  });
}
