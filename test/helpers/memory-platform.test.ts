import type { View } from '../../src/view/view.ts';
import { describePlatform, type VisibleMessage } from '../contract/platform.ts';
import { MemoryPlatform, wordsOf } from './memory-platform.ts';

const ANN = { platform: 'memory', id: '1', name: 'Ann' };
const PLACE = { platform: 'memory', channel: 'c1', direct: false };

async function filesOf(view: View): Promise<string[]> {
  if (view.kind === 'stack') return (await Promise.all(view.views.map(filesOf))).flat();
  if (view.kind !== 'file') return [];
  const pieces: Uint8Array[] = [];
  for await (const piece of view.content) pieces.push(piece);
  return [Buffer.concat(pieces).toString('utf8')];
}

const buttonsOf = (view: View): string[] => {
  if (view.kind === 'stack') return view.views.flatMap(buttonsOf);
  return view.kind === 'buttons' ? view.buttons.map(({ id }) => id) : [];
};

describePlatform('memory', async () => {
  const platform = new MemoryPlatform();
  const files = new Map<View, string[]>();
  return {
    platform,
    channel: 'c1',
    async command(name, delivery) {
      void platform.command(ANN, PLACE, name, {}, ...(delivery === undefined ? [] : [delivery]));
    },
    press: (message, id) => {
      const held = { platform: 'memory', channel: message.channel, message: message.id };
      return platform.press(ANN, PLACE, id, message.private ? undefined : held);
    },
    remove: (id) => {
      platform.messages.splice(
        platform.messages.findIndex(({ ref }) => ref.message === id),
        1,
      );
    },
    visible: () =>
      platform.messages.map(({ ref, view, only }): VisibleMessage => {
        if (!files.has(view)) {
          files.set(view, []);
          void filesOf(view).then((found) => files.set(view, found));
        }
        return {
          id: ref.message,
          channel: ref.channel,
          text: wordsOf(view),
          files: files.get(view) ?? [],
          buttons: buttonsOf(view),
          alive: [],
          private: only !== undefined,
        };
      }),
  };
});
