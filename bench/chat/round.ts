import { textOf } from '../../test/helpers/discord/fake-discord.ts';
import type { FakeInteraction } from '../../test/helpers/discord/fake-state.ts';
import { atRate, type Crowd } from './crowd.ts';
import { DISCORD_OWNERS } from './discord-people.ts';
import { isFinalText } from './final-text.ts';
import type { ChatBenchOptions } from './options.ts';
import { type Deed, type Phase, PLATFORMS } from './sample.ts';
import type { Stage } from './stage.ts';

const MEASURED: readonly Deed[] = ['list', 'status', 'completion'];
const BURST_MS = 10_000;
/** Of two hundred invocations, most look at something and a few do something. */
const BURST: readonly Deed[] = ['list', 'status', 'completion', 'help', 'list', 'status', 'completion', 'list'];
const BACKUPS_IN_BURST = 8;
const AFTER_MS = 2000;
/** Everything has its final message within this, also where a platform takes one message a second. */
const SETTLE_MS = 120_000;
const BACKUP_WITHIN_MS = 600_000;

/** All phases, once. */
export async function runRound(stage: Stage, crowd: Crowd, options: ChatBenchOptions): Promise<void> {
  for (const deed of MEASURED) for (const platform of PLATFORMS) crowd.do('first', platform, deed);
  await crowd.settle(SETTLE_MS);
  await ask(crowd, 'idle', options.rate, lasting(options.idleMs));
  await crowd.settle(SETTLE_MS);
  const backup = stage.discord.call('backup', { source: 'large' }, { user: DISCORD_OWNERS[0], channel: '77' });
  await stage.discord.until('a backup that reads', () => /\d B|iB/.test(textOfAnswer(backup)));
  const hasEnded = (): boolean => isFinalText(textOfAnswer(backup));
  const isLate = lasting(BACKUP_WITHIN_MS);
  await ask(crowd, 'backup', options.rate, () => hasEnded() || isLate());
  if (!/Backed up/.test(textOfAnswer(backup))) throw new Error(`The backup failed: ${textOfAnswer(backup)}`);
  await ask(crowd, 'after', options.rate, lasting(AFTER_MS));
  await crowd.settle(SETTLE_MS);
  await burst(crowd, options.burst);
  await crowd.settle(SETTLE_MS);
}

function ask(crowd: Crowd, phase: Phase, rate: number, isOver: () => boolean): Promise<void> {
  return atRate(rate, isOver, (n) => {
    const platform = PLATFORMS[n % PLATFORMS.length] ?? 'discord';
    crowd.do(phase, platform, MEASURED[Math.floor(n / PLATFORMS.length) % MEASURED.length] ?? 'list');
  });
}

/** So many invocations in ten seconds, on both platforms. */
function burst(crowd: Crowd, count: number): Promise<void> {
  const every = Math.max(Math.floor(count / BACKUPS_IN_BURST), 1);
  return atRate(
    count / (BURST_MS / 1000),
    (done) => done >= count,
    (n) => {
      const platform = PLATFORMS[n % PLATFORMS.length] ?? 'discord';
      const deed = n % every === every - 1 ? 'backup' : BURST[Math.floor(n / PLATFORMS.length) % BURST.length];
      crowd.do('burst', platform, deed ?? 'list');
    },
  );
}

function lasting(ms: number): () => boolean {
  const endMs = performance.now() + ms;
  return () => performance.now() >= endMs;
}

function textOfAnswer({ original }: FakeInteraction): string {
  return original === undefined || original.thinking ? '' : textOf(original);
}
