import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** One thing that Discord would refuse, in the place where it is. */
export interface Complaint {
  path: readonly (string | number)[];
  code: string;
  message: string;
}

export interface Json {
  [key: string]: unknown;
}

/** The documented limits that Discord's OpenAPI description does not hold. */
const LIMITS = {
  content: 2000,
  embedSum: 6000,
  rows: 5,
  commands: 100,
  commandCharacters: 8000,
  /** Flags that a bot may set: SUPPRESS_EMBEDS, EPHEMERAL, SUPPRESS_NOTIFICATIONS. */
  flags: 4 | 64 | 4096,
} as const;

const COMMAND_NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;

const description = JSON.parse(
  readFileSync(new URL('../../fixtures/discord/requests.json', import.meta.url), 'utf8'),
) as { routes: Record<string, Json>; $defs: Json };
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat('snowflake', /^\d{1,20}$/);
ajv.addFormat('nonce', true);
ajv.addFormat('uri', /^(https?|attachment):\/\/\S+$/);
ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)));
for (const number of ['int32', 'int64', 'double']) ajv.addFormat(number, { type: 'number', validate: () => true });
const validators = new Map<string, ValidateFunction>();

function validatorOf(route: string): ValidateFunction {
  let validator = validators.get(route);
  if (validator === undefined) {
    const schema = description.routes[route];
    if (schema === undefined) throw new Error(`Discord's description has no body for ${route}`);
    validator = ajv.compile({ ...schema, $defs: description.$defs });
    validators.set(route, validator);
  }
  return validator;
}

/** Does beforehand what takes long the first time that a route is judged. */
export function warmJudge(): void {
  for (const route of Object.keys(description.routes)) validatorOf(route);
}

/** What Discord's own description of the route finds wrong with the body. */
export function judgeShape(route: string, body: unknown): Complaint[] {
  const validate = validatorOf(route);
  if (validate(body)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '', params }) => ({
    path: instancePath.split('/').filter((part) => part !== ''),
    code: 'SCHEMA',
    message: `${message} ${JSON.stringify(params)}`,
  }));
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const size = (value: unknown): number => (typeof value === 'string' ? [...value].length : 0);

/** What is wrong with a message beyond its shape. */
export function judgeMessage(body: Json): Complaint[] {
  const found: Complaint[] = [];
  const complain = (path: Complaint['path'], code: string, message: string) => found.push({ path, code, message });
  if (size(body.content) > LIMITS.content) {
    complain(['content'], 'BASE_TYPE_MAX_LENGTH', `Must be ${LIMITS.content} or fewer in length.`);
  }
  if (list(body.embeds).reduce((sum, embed) => sum + embedSize(embed), 0) > LIMITS.embedSum) {
    complain(['embeds'], 'MAX_EMBED_SIZE_EXCEEDED', `Embed size exceeds maximum size of ${LIMITS.embedSum}`);
  }
  if ((Number(body.flags ?? 0) & ~LIMITS.flags) !== 0) complain(['flags'], 'BITFIELD', 'Unknown or unusable flags');
  judgeComponents(list(body.components), complain);
  return found;
}

function embedSize(embed: Json): number {
  const fields = list(embed.fields).reduce((sum, { name, value }) => sum + size(name) + size(value), 0);
  const parts = [embed.title, embed.description, (embed.footer as Json)?.text, (embed.author as Json)?.name];
  return parts.reduce<number>((sum, part) => sum + size(part), fields);
}

function judgeComponents(
  rows: readonly Json[],
  complain: (path: Complaint['path'], code: string, message: string) => void,
): void {
  if (rows.length > LIMITS.rows)
    complain(['components'], 'BASE_TYPE_BAD_LENGTH', `Must be between 1 and ${LIMITS.rows}`);
  const seen = new Set<unknown>();
  for (const [i, row] of rows.entries()) {
    const inside = list(row.components);
    if (inside.some(({ type }) => type === 3) && inside.length > 1) {
      complain(['components', i], 'COMPONENT_LAYOUT_WIDTH_EXCEEDED', 'A select fills its row');
    }
    for (const [j, component] of inside.entries()) {
      const path = ['components', i, 'components', j];
      const id = component.custom_id;
      if (size(id) === 0) complain([...path, 'custom_id'], 'BASE_TYPE_REQUIRED', 'A custom id is required');
      if (seen.has(id)) complain([...path, 'custom_id'], 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Custom id is duplicated');
      seen.add(id);
      if (component.type === 2 && size(component.label) === 0 && !component.emoji) {
        complain(path, 'BUTTON_COMPONENT_INVALID_LABEL', 'A button must have a label or an emoji');
      }
      if (component.type === 3) judgeOptions(list(component.options), path, complain);
    }
  }
}

function judgeOptions(
  options: readonly Json[],
  path: Complaint['path'],
  complain: (path: Complaint['path'], code: string, message: string) => void,
): void {
  if (options.length === 0)
    complain([...path, 'options'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 25 in length.');
  const values = options.map(({ value }) => value);
  if (new Set(values).size < values.length) {
    complain(
      [...path, 'options'],
      'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED',
      'The specified option value is already used',
    );
  }
  if (options.some(({ label, value }) => size(label) === 0 || size(value) === 0)) {
    complain([...path, 'options'], 'BASE_TYPE_REQUIRED', 'Label and value are required');
  }
}

/** What is wrong with a set of commands beyond its shape. */
export function judgeCommands(commands: readonly Json[], isGuild: boolean): Complaint[] {
  const found: Complaint[] = [];
  const complain = (path: Complaint['path'], code: string, message: string) => found.push({ path, code, message });
  if (commands.length > LIMITS.commands) complain([], 'BASE_TYPE_BAD_LENGTH', `At most ${LIMITS.commands} commands`);
  if (new Set(commands.map(({ name }) => name)).size < commands.length) {
    complain([], 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique');
  }
  for (const [i, command] of commands.entries()) {
    if (size(command.description) === 0) complain([i, 'description'], 'BASE_TYPE_REQUIRED', 'This field is required');
    if (isGuild && (command.contexts ?? command.integration_types)) {
      complain([i, 'contexts'], 'APPLICATION_COMMAND_CONTEXTS', 'Contexts are for global commands alone');
    }
    judgeNamed(command, [i], complain);
    if (commandSize(command) > LIMITS.commandCharacters) {
      complain([i], 'APPLICATION_COMMAND_TOO_LARGE', `Command exceeds maximum size (${LIMITS.commandCharacters})`);
    }
  }
  return found;
}

function judgeNamed(
  named: Json,
  path: Complaint['path'],
  complain: (path: Complaint['path'], code: string, message: string) => void,
): void {
  const name = String(named.name);
  if (!COMMAND_NAME.test(name) || name !== name.toLowerCase()) {
    complain([...path, 'name'], 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');
  }
  const options = list(named.options);
  if (new Set(options.map((option) => option.name)).size < options.length) {
    complain([...path, 'options'], 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_USED', 'Option names must be unique');
  }
  const firstFree = options.findIndex((option) => Number(option.type) > 2 && option.required !== true);
  if (firstFree !== -1 && options.slice(firstFree).some((option) => option.required === true)) {
    complain([...path, 'options'], 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', 'Required options come first');
  }
  const kinds = new Set(options.map((option) => Number(option.type) <= 2));
  if (kinds.size > 1) {
    complain(
      [...path, 'options'],
      'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
      'Subcommands and options cannot be mixed',
    );
  }
  for (const [i, option] of options.entries()) {
    if (option.autocomplete === true && list(option.choices).length > 0) {
      complain([...path, 'options', i], 'APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE', 'Choices exclude autocomplete');
    }
    judgeNamed(option, [...path, 'options', i], complain);
  }
}

function commandSize({ name, description: text, value, options, choices }: Json): number {
  const below = [...list(options), ...list(choices)].reduce((sum, one) => sum + commandSize(one), 0);
  return size(name) + size(text) + size(value) + below;
}

/** The errors as Discord nests them in the answer. */
export function nestComplaints(complaints: readonly Complaint[]): Json {
  const root: Json = {};
  for (const { path, code, message } of complaints) {
    let node = root;
    for (const part of path) {
      node[part] ??= {};
      node = node[part] as Json;
    }
    node._errors = [...((node._errors as unknown[]) ?? []), { code, message }];
  }
  return root;
}
