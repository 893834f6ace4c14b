/**
 * The import rules of src/ as data. A file belongs to the layer with the longest matching path; files of one layer may
 * import each other. To add a folder, add its row and say why its imports are what they are.
 */
export interface Layer {
  /** Paths below src/: a folder ends in `/`, anything else is one file. */
  paths: readonly string[];
  /** Layers that it may import besides itself; `*` is everything. */
  imports: readonly string[];
  /** Node modules that it may import, where not all of them are allowed. */
  nodeModules?: readonly string[];
  reason: string;
}

const PURE_NODE_MODULES = ['node:crypto', 'node:zlib', 'node:buffer', 'node:util', 'node:assert'];
const CODECS = ['shared', 'vocabulary', 'format', 'crypto', 'chunker'];
const SURFACE = ['shared', 'commands', 'view', 'dispatch'];

export const LAYERS = {
  main: {
    paths: ['main.ts'],
    imports: ['*'],
    reason: 'the composition root wires everything',
  },
  shared: {
    paths: ['shared/'],
    imports: [],
    reason: 'errors, bytes and time know nothing of backups',
  },
  config: {
    paths: ['config/'],
    imports: ['shared'],
    reason: 'the configuration is read before anything that it configures exists',
  },
  vocabulary: {
    paths: ['backup/entry.ts', 'backup/types.ts'],
    imports: ['shared'],
    reason: 'the words of the engine are shared by all its layers, so they depend on none',
  },
  format: {
    paths: ['backup/format/'],
    imports: CODECS,
    nodeModules: PURE_NODE_MODULES,
    reason: 'a codec without I/O can be fuzzed and checked against FORMAT.md alone',
  },
  crypto: {
    paths: ['backup/crypto/'],
    imports: CODECS,
    nodeModules: PURE_NODE_MODULES,
    reason: 'keys and ciphers are testable with known answers only while they touch nothing else',
  },
  chunker: {
    paths: ['backup/chunker/'],
    imports: CODECS,
    nodeModules: PURE_NODE_MODULES,
    reason: 'cut points depend on bytes and a key, never on where the bytes come from',
  },
  ports: {
    paths: ['backup/ports.ts', 'backup/engine.ts'],
    imports: ['shared', 'vocabulary'],
    reason: 'an interface that knows an implementation is no interface',
  },
  posix: {
    paths: ['backup/posix/'],
    imports: ['shared', 'vocabulary'],
    reason: 'system calls are a thin layer that sources and restore share',
  },
  rescue: {
    paths: ['backup/rescue/', 'rescue/'],
    imports: [],
    reason: 'rescue.mjs is the independent reader: it must work, and be trusted, without the engine',
  },
  stores: {
    paths: ['backup/stores/'],
    imports: ['shared', 'vocabulary', 'ports'],
    reason: 'a store moves objects and must not know what a pack is',
  },
  sources: {
    paths: ['backup/sources/'],
    imports: ['shared', 'vocabulary', 'ports', 'posix'],
    reason: 'a source yields entries and must not know what a pack is',
  },
  archive: {
    paths: ['backup/archive/'],
    imports: ['shared', 'vocabulary', 'ports'],
    reason: 'reading and writing tar is about entries and bytes, whatever repository they go to',
  },
  threads: {
    paths: ['backup/threads/'],
    imports: [...CODECS, 'ports', 'posix'],
    reason: 'workers run codecs; what to run is decided above them',
  },
  repository: {
    paths: ['backup/repository/'],
    imports: [...CODECS, 'ports', 'threads', 'rescue'],
    reason: 'the repository works on any store, so it knows the port alone',
  },
  operations: {
    paths: ['backup/operations/'],
    imports: [...CODECS, 'ports', 'posix', 'sources', 'archive', 'threads', 'repository'],
    reason: 'an operation works on any store, so it knows no concrete one',
  },
  engine: {
    paths: ['backup/index.ts', 'backup/open-engine.ts', 'backup/local-memory.ts'],
    imports: [
      ...CODECS,
      'ports',
      'posix',
      'rescue',
      'stores',
      'sources',
      'archive',
      'threads',
      'repository',
      'operations',
    ],
    reason: 'the one door of the engine opens onto all of it, and onto nothing outside',
  },
  view: {
    paths: ['view/'],
    imports: ['shared'],
    nodeModules: PURE_NODE_MODULES,
    reason: 'a View is data about meaning; where it came from and where it goes are not its business',
  },
  pictures: {
    paths: ['pictures/'],
    imports: ['shared'],
    reason: 'a drawing becomes a picture whatever it shows',
  },
  terminal: {
    paths: ['terminal/'],
    imports: ['shared', 'view'],
    reason: 'the command line and the console render a View alike and know nothing of each other',
  },
  state: {
    paths: ['state/'],
    imports: ['shared'],
    reason: 'state can be lost or replaced; nothing in it may depend on what uses it',
  },
  jobs: {
    paths: ['jobs/'],
    imports: ['shared', 'vocabulary', 'ports', 'config', 'engine', 'state', 'events'],
    reason: 'jobs run the engine through its door and remember in state',
  },
  events: {
    paths: ['notify/event.ts'],
    imports: ['shared', 'state'],
    reason: 'whoever notices something says so without knowing who is told',
  },
  notify: {
    paths: ['notify/'],
    imports: ['shared', 'config', 'state', 'view', 'events'],
    reason: 'an event becomes a View and goes to channels; it never acts',
  },
  runbook: {
    paths: ['runbook/'],
    imports: ['shared', 'vocabulary', 'ports', 'view'],
    reason: 'the runbook tells of an engine that it is given; who keeps it and where it goes is decided above',
  },
  commands: {
    paths: ['commands/'],
    imports: ['shared', 'vocabulary', 'ports', 'config', 'engine', 'state', 'jobs', 'view', 'notify', 'runbook'],
    reason: 'a command is written once for all surfaces, so it knows no platform and no surface',
  },
  dispatch: {
    paths: ['bot/'],
    imports: ['shared', 'ports', 'config', 'state', 'jobs', 'view', 'commands'],
    reason: 'dispatch is shared by every surface, so it knows none of them',
  },
  control: {
    paths: ['control/'],
    imports: ['shared', 'ports', 'commands', 'view', 'dispatch'],
    reason: 'the bot and the command line beside it speak one language, whatever each of them does with it',
  },
  discord: {
    paths: ['bot/discord/'],
    imports: [...SURFACE, 'terminal'],
    reason:
      'platforms are replaceable and never know each other; tables and attached text are laid out as on a terminal',
  },
  slack: {
    paths: ['bot/slack/'],
    imports: [...SURFACE, 'terminal'],
    reason:
      'platforms are replaceable and never know each other; tables and attached text are laid out as on a terminal',
  },
  console: {
    paths: ['bot/console/'],
    imports: [...SURFACE, 'terminal'],
    reason: 'platforms are replaceable and never know each other',
  },
  cli: {
    paths: ['cli/'],
    imports: [...SURFACE, 'terminal', 'control'],
    reason: 'the command line is one more surface of the same commands',
  },
  serve: {
    paths: ['serve/'],
    imports: ['*'],
    reason: 'the composition root of the bot: configuration, state, jobs and platforms meet only here',
  },
  admin: {
    paths: ['admin/'],
    imports: ['*'],
    reason: 'whoever sets a bot up or looks what is wrong with it needs to see every part of it',
  },
  http: { paths: ['http/'], imports: SURFACE, reason: 'the web is one more surface of the same commands' },
} as const satisfies Record<string, Layer>;

/** A package that belongs to one part: whoever else wants what it does asks that part. `/` at the end: a whole scope. */
export const PACKAGES: readonly { name: string; layers: readonly string[]; reason: string }[] = [
  {
    name: 'commander',
    layers: ['dispatch'],
    reason: 'typed words mean the same on every surface, and commands do not know how they were parsed',
  },
  { name: 'discord.js', layers: ['discord'], reason: 'only the Discord platform may know Discord' },
  { name: '@slack/', layers: ['slack'], reason: 'only the Slack platform may know Slack' },
  { name: 'hono', layers: ['http'], reason: 'only the web surface may know HTTP routing' },
  { name: '@hono/', layers: ['http'], reason: 'only the web surface may know HTTP routing' },
  { name: 'koffi', layers: ['posix'], reason: 'native calls stay in one place, which has a fallback without them' },
  { name: '@aws-sdk/', layers: ['stores'], reason: 'only a store may know a storage service' },
  { name: 'node-cron', layers: ['jobs'], reason: 'it only wakes the sweep: what is due is worked out in shared/cron' },
  { name: 'cronstrue', layers: ['shared'], reason: 'an expression is said to people in the same words everywhere' },
  { name: '@resvg/', layers: ['pictures'], reason: 'it keeps memory that has to be given back by hand' },
  {
    name: 'pino',
    layers: ['serve'],
    reason: 'everything else hands its lines on, so that one place takes secrets out',
  },
  {
    name: 'lowdb',
    layers: ['state'],
    reason: 'the embedded document can be replaced by a database behind one interface',
  },
];

/** Where time, chance and the environment may be read: everything else is given them, so that tests decide. */
export const AMBIENT: readonly { path: string; reason: string }[] = [
  { path: 'main.ts', reason: 'the composition root reads the environment once and hands it on' },
  { path: 'shared/clock.ts', reason: 'the clock that everything else is given' },
  { path: 'shared/random.ts', reason: 'the random source that everything else is given' },
  { path: 'backup/index.ts', reason: 'the engine composes itself when it is used without a bot' },
  { path: 'backup/rescue/', reason: 'rescue.mjs is a program of its own' },
  { path: 'rescue/', reason: 'rescue.mjs is a program of its own' },
  { path: 'cli/', reason: 'a surface reads the variables that its contract names' },
  { path: 'bot/console/', reason: 'a surface reads the terminal that it runs in' },
];
