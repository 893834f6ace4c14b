import type { AnyCommand, Confirmation, Plan } from '../../commands/command.ts';
import type { RawInput } from '../../commands/parse-input.ts';
import { loadWhole } from '../../commands/registry.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { ButtonPurpose, StoredButton } from '../../state/document.ts';
import { text, type View } from '../../view/view.ts';
import type { Execution } from '../dispatch.ts';
import type { CommandEvent, Person, Place } from '../platform.ts';
import type { Answer } from './answer.ts';
import { askRequester, askSecondOwner, isMateriallyMore } from './approvals.ts';
import type { Refusal } from './buttons.ts';
import type { ChatCommands } from './chat-commands.ts';
import { askChoice, chosenInput } from './choices.ts';
import { type Done, type JobDesk, runAsJob, type Work } from './job-desk.ts';
import type { Request, Requests } from './requests.ts';
import { headline, resultView } from './result-view.ts';
import { busyView, changedView, refusalView, waitingView } from './words.ts';

export interface ChatParts extends JobDesk {
  commands: ChatCommands;
  requests: Requests;
  /** Channel by platform where owners are told what concerns all of them. */
  notify: Readonly<Partial<Record<string, string>>>;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** An owner and how they are answered. */
interface Call {
  person: Person;
  answer: Answer;
}

/** What a request has become when it is done with for now: a question, a job (whose end is told by the job), or the answer itself. */
export type Became = 'asked' | 'job' | 'answered';

type Agreement = Extract<ButtonPurpose, { kind: 'confirm' | 'approve' }>;

/** What owners can do: commands, questions and buttons, alike on every platform. Whoever comes here is an owner. */
export class Chat {
  readonly #parts: ChatParts;

  constructor(parts: ChatParts) {
    this.#parts = parts;
  }

  /** Runs a command as it was called. */
  async command(call: Call, { command: name, raw }: Pick<CommandEvent, 'command' | 'raw'>): Promise<Became> {
    const command = await this.#parts.commands.load(name);
    if (command === undefined)
      throw new HoldfastError('usage', `There is no command ${name}`, { advice: 'See /help.' });
    return this.#run(call, command, raw);
  }

  /** Does what an unused button stands for; `option` is what was chosen, where there was something to choose. */
  async press(call: Call, button: StoredButton, option?: string): Promise<Became> {
    const { buttons, runner } = this.#parts;
    const { person, answer } = call;
    const { purpose } = button;
    if (purpose.kind === 'cancel') {
      if (!runner.cancel(purpose.job, person.name)) await refuse(answer, 'ended');
    } else if (purpose.kind === 'dismiss') {
      await buttons.use(button);
      await answer.show(text(`Cancelled by ${person.name}; nothing was changed.`));
    } else if (purpose.kind === 'choose') {
      await buttons.use(button);
      return this.#run(call, await mustLoad(purpose.command), chosenInput(purpose, option));
    } else if (purpose.kind === 'run') {
      await buttons.use(button);
      return this.#run(call, await mustLoad(purpose.command), purpose.raw);
    } else {
      await this.#agreed(call, button, purpose);
      return 'job';
    }
    return 'answered';
  }

  /** Asks first where it must, and runs as a job what takes long. */
  async #run(call: Call, command: AnyCommand, raw: RawInput): Promise<Became> {
    const { requests, buttons, stopping } = this.#parts;
    const { person, answer } = call;
    const request: Request = { command, raw, person, signal: stopping, help: answer.platform.help };
    const offer = await requests.offer(request);
    if (offer !== undefined) {
      const asked = { command: command.name, raw, offer, place: answer.place };
      await answer.show(await askChoice(buttons, asked, person));
      return 'asked';
    }
    if (command.confirm !== undefined) {
      await answer.show(waitingView('looking at what would change'));
      const asked = await requests.question(request);
      if (asked !== undefined) {
        await answer.show(await this.#ask(command, asked, person, answer.place, false));
        return 'asked';
      }
    }
    const task = await requests.task(request);
    if (task !== undefined) {
      await this.#job(call, command, task.source, (job, onProgress) =>
        this.#work({ ...request, signal: job.signal, job: job.record.id }, answer, onProgress),
      );
      return 'job';
    }
    const execution = await requests.runNow(request);
    await answer.show(await this.#result(request, execution, answer));
    return 'answered';
  }

  /** Somebody said yes. All is looked at again: the button may be older than what it is about. */
  async #agreed(call: Call, button: StoredButton, purpose: Agreement): Promise<void> {
    const { buttons, runner } = this.#parts;
    const { approval } = purpose;
    const command = await mustLoad(approval.command);
    // Another click may have come while the command was loaded.
    if (button.used !== null) {
      await refuse(call.answer, 'used');
      return;
    }
    const busy = approval.source === undefined ? undefined : runner.writerOf(approval.source);
    if (busy !== undefined) {
      // The button stays good for when that has ended.
      call.answer.failed();
      await call.answer.whisper(busyView(busy));
      return;
    }
    if (purpose.kind === 'confirm' && approval.two) {
      await buttons.use(button);
      await this.#askSecond(call, command, purpose);
      return;
    }
    const person = purpose.kind === 'approve' ? purpose.requester : call.person;
    const place = call.answer.place;
    // One write: should the process die now, either the button is good still, or the job is known and will be reported.
    const used = buttons.use(button);
    const ended = this.#job({ ...call, person }, command, approval.source, async (job, onProgress) => {
      // A click that could work once more after a restart does nothing.
      await used;
      const request: Request = { command, raw: approval.raw, person, signal: job.signal, job: job.record.id };
      onProgress({ phase: 'looking again at what would change' });
      const now = await this.#parts.requests.question(request);
      if (now !== undefined && planOf(now).hash !== approval.hash) {
        return { state: 'cancelled', result: 'What it would do had changed', view: changedView };
      }
      if (now !== undefined && isMateriallyMore(planOf(now).weight, approval.weight)) {
        const view = await this.#ask(command, now, person, place, true);
        return { state: 'cancelled', result: 'Asked again, because more would change than was shown', view };
      }
      return this.#work(request, call.answer, onProgress);
    });
    await Promise.all([used, ended]);
  }

  #ask(command: AnyCommand, confirmation: Confirmation, person: Person, place: Place, again: boolean): Promise<View> {
    const asked = { command: command.name, plan: planOf(confirmation), confirmation, place };
    return askRequester(this.#parts.buttons, asked, person, again);
  }

  /** Asks another owner where others read along. */
  async #askSecond({ person, answer }: Call, command: AnyCommand, { approval }: Agreement): Promise<void> {
    const { requests, buttons, notify, stopping } = this.#parts;
    const { direct, channel: here, platform } = answer.place;
    const channel = direct ? notify[platform] : here;
    if (channel === undefined) {
      throw new HoldfastError('refused', 'Another owner has to approve this, and nobody else reads this conversation', {
        advice: 'Ask in a channel where the other owners are.',
      });
    }
    const confirmation = await requests.question({ command, raw: approval.raw, person, signal: stopping });
    if (confirmation === undefined || planOf(confirmation).hash !== approval.hash) {
      answer.failed();
      await answer.show(changedView);
      return;
    }
    const asked = { command: command.name, plan: planOf(confirmation), confirmation, place: { platform, channel } };
    const view = await askSecondOwner(buttons, asked, person);
    if (direct) await answer.platform.post(channel, view);
    await answer.show(direct ? text('Another owner has been asked in the channel.') : view);
  }

  #job({ person, answer }: Call, command: AnyCommand, source: string | undefined, work: Work): Promise<void> {
    return runAsJob(this.#parts, { kind: command.name, source, person, answer }, work);
  }

  async #work(request: Request, answer: Answer, onProgress: Parameters<Work>[1]): Promise<Done> {
    const execution = await this.#parts.requests.runInJob(request, onProgress);
    return {
      state: execution.outcome === undefined ? 'completed' : 'completed_with_warnings',
      result: headline(execution.view, this.#parts.now()),
      view: await this.#result(request, execution, answer),
    };
  }

  #result({ command, raw, person }: Request, execution: Execution, answer: Answer): Promise<View> {
    const { buttons, commands } = this.#parts;
    if (execution.outcome === 'damaged') answer.failed();
    return resultView({ command, raw, execution, person, place: answer.place }, buttons, commands);
  }
}

function planOf({ plan }: Confirmation): Plan {
  if (plan !== undefined) return plan;
  throw new Error('a command that asks in a chat has to give its plan');
}

async function refuse(answer: Answer, why: Refusal): Promise<void> {
  answer.failed();
  await answer.whisper(refusalView(why));
}

async function mustLoad(name: string): Promise<AnyCommand> {
  const command = await loadWhole(name);
  if (command === undefined)
    throw new HoldfastError('usage', `There is no command ${name} any more`, { advice: 'See /help.' });
  return command;
}
