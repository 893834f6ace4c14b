import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import type { PaintAnswer, PaintRequest } from './paint-messages.ts';

/** Fonts that are complete: a letter that is missing would be a box. */
const FONTS = ['Inter-Regular.otf', 'Inter-SemiBold.otf'] as const;
/** For screens with twice the dots. */
const ZOOM = 2;

const program = createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm');

async function load(): Promise<Uint8Array[]> {
  await initWasm(await readFile(program));
  return Promise.all(FONTS.map((name) => readFile(new URL(`../../assets/fonts/${name}`, import.meta.url))));
}

/** What it made is given back at once: the collector of this thread does not see the memory behind it. */
function paint(svg: string, fontBuffers: Uint8Array[]): Uint8Array {
  const drawing = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
    fitTo: { mode: 'zoom', value: ZOOM },
  });
  try {
    const image = drawing.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    drawing.free();
  }
}

const fonts = load();
// Whoever asks is told.
fonts.catch(() => {});

parentPort?.on('message', async ({ id, svg }: PaintRequest) => {
  let answer: PaintAnswer;
  try {
    answer = { id, png: paint(svg, await fonts) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});
