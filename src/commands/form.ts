import type { AnyCommand, Fields } from './command.ts';
import type { Form } from './field.ts';

/**
 * The command as it is there: fields that belong elsewhere are gone from its input, and count as not given when it runs. The same command where nothing
 * is left out.
 */
export function inForm(command: AnyCommand, form: Form): AnyCommand {
  const fields = Object.entries(command.input);
  const hidden = fields.filter(([, { on }]) => on !== undefined && on !== form);
  if (hidden.length === 0) return command;
  const input: Fields = Object.fromEntries(fields.filter((field) => !hidden.includes(field)));
  // What is not given is told without knowing what time it is.
  const absent = Object.fromEntries(hidden.map(([key, field]) => [key, field.parse(undefined, { nowMs: 0 })]));
  const { confirm, task } = command;
  return {
    ...command,
    // They tell of what is typed at a shell.
    ...(form === 'chat' && { details: [], examples: [] }),
    input,
    run: (context, given) => command.run(context, { ...absent, ...given }),
    ...(confirm && { confirm: (context, given) => confirm(context, { ...absent, ...given }) }),
    ...(task && { task: (context, given) => task(context, { ...absent, ...given }) }),
  };
}
