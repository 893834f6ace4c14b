import type { AnyCommand, Fields } from './command.ts';
import type { Form } from './field.ts';

/**
 * The command as it is there: fields that belong elsewhere are gone from its input, and count as not given when it runs. A chat gets
 * the help that is written for it.
 */
export function inForm(command: AnyCommand, form: Form): AnyCommand {
  const fields = Object.entries(command.input);
  const hidden = fields.filter(([, { on }]) => on !== undefined && on !== form);
  const worded = form === 'chat' ? inChatWords(command) : command;
  if (hidden.length === 0) return worded;
  const input: Fields = Object.fromEntries(fields.filter((field) => !hidden.includes(field)));
  // What is not given is told without knowing what time it is.
  const absent = Object.fromEntries(hidden.map(([key, field]) => [key, field.parse(undefined, { nowMs: 0 })]));
  const { offer, confirm, task } = command;
  return {
    ...worded,
    input,
    run: (context, given) => command.run(context, { ...absent, ...given }),
    ...(offer && { offer: (context, given) => offer(context, { ...absent, ...given }) }),
    ...(confirm && { confirm: (context, given) => confirm(context, { ...absent, ...given }) }),
    ...(task && { task: (context, given) => task(context, { ...absent, ...given }) }),
  };
}

/** What is said of a command at a shell tells of what is typed there. */
function inChatWords(command: AnyCommand): AnyCommand {
  const { summary = command.summary, details = [], examples = [command.name] } = command.chat ?? {};
  return { ...command, summary, details, examples };
}
