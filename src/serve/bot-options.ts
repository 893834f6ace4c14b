import type { ChatCommands } from '../bot/chat/chat-commands.ts';
import type { OpenServices } from '../bot/chat/requests.ts';
import type { PlatformState } from '../bot/platform.ts';
import type { LogLine } from '../bot/platform-options.ts';
import type { Config, Owner } from '../config/config.ts';
import type { HookParts } from '../jobs/runs/hook-runner.ts';
import type { DiskSpace } from '../jobs/watch/disk-space.ts';
import type { Clock } from '../shared/clock.ts';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import type { RandomSource } from '../shared/random.ts';

/** What a bot is made of. */
export interface BotOptions {
  config: Pick<
    Config,
    'file' | 'repository' | 'sources' | 'owners' | 'notify' | 'routes' | 'restoreRoots' | 'state' | 'unattended'
  >;
  commands: ChatCommands;
  /** Whoever sits at the machine's terminal. */
  local: readonly Owner[];
  services: OpenServices;
  openJobServices: () => Promise<OpenServices>;
  clock: Clock;
  random: RandomSource;
  identity: ProcessIdentity;
  /** The program's version. */
  version: string;
  scrub: (text: string) => string;
  hooks: Pick<HookParts, 'environment' | 'resolve'>;
  diskSpace: (folder: string) => Promise<DiskSpace | undefined>;
  log: (line: LogLine) => void;
  /** Hears how each platform is. */
  onPlatform?: (platform: string, state: PlatformState) => void;
  /** No platforms, nothing that begins by itself, and no other command line is served: it is opened for one command. */
  forOneCommand?: boolean;
}
