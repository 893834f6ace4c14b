import { describe, expect, it } from 'vitest';
import { scrubbingPlatform, scrubView } from '../../../src/bot/chat/scrubbing-platform.ts';
import type { Platform } from '../../../src/bot/platform.ts';
import { createScrubber } from '../../../src/shared/scrub.ts';
import { bad, stack, text } from '../../../src/view/view.ts';
import { ANN, HERE } from '../../helpers/chat-stage.ts';
import { MemoryPlatform } from '../../helpers/memory-platform.ts';

const CANARY = 'canary-7f3a';
const scrub = createScrubber([CANARY]);

describe('a platform', () => {
  it('is shown no secret, by whatever way', async () => {
    const platform = new MemoryPlatform();
    const scrubbing = scrubbingPlatform(platform, scrub);
    await scrubbing.start({
      audience: () => 'place',
      onCommand: async (_event, reply) => {
        await reply.show(text(CANARY));
        await reply.whisper(bad('It said ', CANARY));
      },
      onPress: async (_event, reply) => void (await reply.show(stack(text(CANARY)))),
      onCompletion: async () => [],
      onState: () => {},
      onRejected: () => {},
    });
    await platform.command(ANN, HERE, 'list');
    await platform.press(ANN, HERE, 'x');
    const posted = await scrubbing.post('c1', text(CANARY));
    await scrubbing.edit(posted, { kind: 'list', items: [[CANARY, { is: 'command', command: `show ${CANARY}` }]] });
    const seen = JSON.stringify(platform.messages);
    expect(seen).not.toContain(CANARY);
    expect(seen).toContain('show [secret]');
  });

  it('keeps what else it can: the help of its own, and being told of failures', async () => {
    const help = [{ title: 'Here', rows: [{ name: 'name:value', summary: 'how options are typed' }] }];
    const platform = new MemoryPlatform();
    const told: string[] = [];
    const start: Platform['start'] = (events) =>
      platform.start({
        ...events,
        onCommand: (event, reply) => events.onCommand(event, { ...reply, failed: () => told.push('failed') }),
      });
    const full: Platform = {
      ...{ name: platform.name, pace: platform.pace, help, start, stop: () => platform.stop() },
      ...{ post: () => Promise.reject(new Error('unused')), edit: () => Promise.reject(new Error('unused')) },
    };
    const scrubbing = scrubbingPlatform(full, scrub);
    await scrubbing.start({
      audience: () => 'place',
      onCommand: async (_event, reply) => reply.failed?.(),
      onPress: async () => {},
      onCompletion: async () => [],
      onState: () => {},
      onRejected: () => {},
    });
    await platform.command(ANN, HERE, 'list');
    expect(scrubbing.help).toBe(help);
    expect(told).toEqual(['failed']);
  });

  it('is shown none in rows that are still to be read either', async () => {
    async function* rows() {
      yield [CANARY];
    }
    const view = scrubView({ kind: 'table', columns: [{ title: 'A' }], rows: rows(), empty: '' }, scrub);
    const read = view.kind === 'table' ? await Array.fromAsync(view.rows as AsyncIterable<unknown>) : [];
    expect(read).toEqual([['[secret]']]);
  });
});
