import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { expect, type Page } from '@playwright/test';
import type { Image } from '../src/wire.gen';
import { call, log } from './maru';

/** A file as a page chooses it. */
export interface Chosen {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const file = (name: string, mimeType: string): Chosen => ({
  name,
  mimeType,
  buffer: readFileSync(new URL(`photos/${name}`, import.meta.url)),
});

/** A phone's photo, held upright (600 × 400 once it is turned), that says where it was taken. */
export const sideways = file('sideways.jpg', 'image/jpeg');
/** What browsers show and our server does not take: a BMP of one colour. */
export const bitmap: Chosen = { name: 'old.bmp', mimeType: 'image/bmp', buffer: Buffer.alloc(54 + 60 * 40 * 3, 120) };
bitmap.buffer.write('BM');
for (const [at, value] of [
  [2, bitmap.buffer.length],
  [6, 0],
  [10, 54],
  [14, 40],
  [18, 60],
  [22, 40],
  [30, 0],
  [34, 0],
  [38, 0],
  [42, 0],
  [46, 0],
  [50, 0],
] as const) {
  bitmap.buffer.writeUInt32LE(value, at);
}
bitmap.buffer.writeUInt16LE(1, 26);
bitmap.buffer.writeUInt16LE(24, 28);

export const movingGif = file('moving.gif', 'image/gif');

const crcs = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function chunk(kind: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind), body]);
  let crc = 0xffffffff;
  for (const byte of named) crc = (crcs[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([length, named, sum]);
}

/** A landscape of its own hue, as a PNG. Noise makes it as large as photos are. */
export function landscape(width: number, height: number, hue: number, noise = 0): Chosen {
  const rows: Buffer[] = [];
  const to = (h: number, l: number): number[] => {
    const part = (n: number) => {
      const k = (n + h / 30) % 12;
      return Math.round(255 * (l - 0.55 * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    };
    return [part(0), part(8), part(4)];
  };
  let seed = hue + 1;
  for (let y = 0; y < height; y += 1) {
    const row = Buffer.alloc(1 + 3 * width);
    for (let x = 0; x < width; x += 1) {
      const hill = 0.62 + 0.12 * Math.sin((x / width) * 6 + hue) + 0.05 * Math.sin((x / width) * 17);
      const sun = Math.hypot(x - 0.7 * width, y - 0.3 * height) < 0.12 * Math.min(width, height);
      const [h, l] = sun ? [45, 0.85] : y / height > hill ? [hue + 200, 0.28] : [hue, 0.75 - 0.3 * (y / height)];
      const colour = to(h % 360, l);
      for (let i = 0; i < 3; i += 1) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        row[1 + 3 * x + i] = Math.max(0, Math.min(255, (colour[i] ?? 0) + (noise > 0 ? (seed >>> 24) % noise : 0)));
      }
    }
    rows.push(row);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const buffer = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  return { name: `landscape-${hue}.png`, mimeType: 'image/png', buffer };
}

/** Chooses files as the picker would. */
export const pick = (page: Page, ...files: Chosen[]) => page.getByTestId('photos').setInputFiles(files);

/** Uploads without the site. */
export async function keep(page: Page, origin: string, chosen: Chosen): Promise<Image> {
  const answer = await page.request.post('/api/v1/images', {
    headers: { Origin: origin },
    multipart: { file: chosen },
  });
  if (!answer.ok()) throw new Error(`upload: ${answer.status()} ${await answer.text()}`);
  return ((await answer.json()) as { image: Image }).image;
}

let shown = 0;

/** A message with these pictures that is on disk when this returns. */
export async function show(page: Page, origin: string, room: string, files: Chosen[], text = ''): Promise<number> {
  const imageIds: string[] = [];
  for (const one of files) imageIds.push((await keep(page, origin, one)).id);
  const body = { clientId: `shown-${(shown += 1)}`, imageIds, ...(text === '' ? {} : { text }) };
  const { message } = await call<{ message: { seq: number } }>(page, 'POST', `/rooms/${room}/messages`, body);
  return message.seq;
}

/** Pictures in the conversation. */
export const pictures = (page: Page) => log(page).getByRole('button', { name: /사진/u });

/** Every picture is painted, in the colours of its file. */
export async function painted(page: Page, count: number): Promise<void> {
  await expect(log(page).locator('article img[loading="lazy"]')).toHaveCount(count);
  await expect
    .poll(() =>
      log(page)
        .locator('article img[loading="lazy"]')
        .evaluateAll((all) => all.filter((img) => (img as HTMLImageElement).naturalWidth > 0).length),
    )
    .toBe(count);
}
