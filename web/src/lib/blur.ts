/**
 * A BlurHash (https://github.com/woltapp/blurhash, algorithm version 1) as the pixels of a tiny square: a few cosines,
 * summed up. The browser stretches it over the box of the picture.
 */

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~';

/** Pixels each way: more cannot be seen of so few cosines. */
export const blurSize = 24;
/** Decoded ones are kept: rows come and go while their reader scrolls. */
const keptMost = 300;
const kept = new Map<string, Uint8ClampedArray<ArrayBuffer> | undefined>();

function number(hash: string, from: number, to: number): number {
  let value = 0;
  for (const digit of hash.slice(from, to)) {
    const at = digits.indexOf(digit);
    if (at < 0) return NaN;
    value = value * 83 + at;
  }
  return value;
}

const linear = (byte: number): number => (byte <= 10 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
const byteOf = (light: number): number =>
  Math.round(255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055));
const signedSquare = (part: number): number => Math.sign(part) * part * part;

type Colour = readonly [number, number, number];

/** The mean colour first, then that of each cosine, row by row. Undefined: no BlurHash. */
function coloursOf(hash: string, columns: number, rows: number): Colour[] | undefined {
  const strongest = (number(hash, 1, 2) + 1) / 166;
  const colours = Array.from({ length: columns * rows }, (_, i): Colour => {
    if (i === 0) {
      const rgb = number(hash, 2, 6);
      return [linear(rgb >> 16), linear((rgb >> 8) & 255), linear(rgb & 255)];
    }
    const rgb = number(hash, 4 + i * 2, 6 + i * 2);
    const part = (value: number) => signedSquare((value - 9) / 9) * strongest;
    return [part(Math.floor(rgb / 361)), part(Math.floor(rgb / 19) % 19), part(rgb % 19)];
  });
  return colours.flat().some(Number.isNaN) || Number.isNaN(number(hash, 2, 6)) ? undefined : colours;
}

function decode(hash: string): Uint8ClampedArray<ArrayBuffer> | undefined {
  const shape = number(hash, 0, 1);
  const [columns, rows] = [(shape % 9) + 1, Math.floor(shape / 9) + 1];
  if (hash.length < 6 || hash.length !== 4 + 2 * columns * rows) return undefined;
  const colours = coloursOf(hash, columns, rows);
  if (!colours) return undefined;
  const waves = Array.from({ length: 9 }, (_, n) =>
    Array.from({ length: blurSize }, (_, at) => Math.cos((Math.PI * n * at) / blurSize)),
  );
  const pixels = new Uint8ClampedArray(blurSize * blurSize * 4);
  for (let y = 0; y < blurSize; y += 1) {
    for (let x = 0; x < blurSize; x += 1) {
      const sum = [0, 0, 0];
      colours.forEach((colour, i) => {
        const weight = (waves[i % columns]?.[x] ?? 0) * (waves[Math.floor(i / columns)]?.[y] ?? 0);
        colour.forEach((part, c) => (sum[c] = (sum[c] ?? 0) + part * weight));
      });
      const at = (y * blurSize + x) * 4;
      sum.forEach((light, c) => (pixels[at + c] = byteOf(light)));
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

/** The pixels, four bytes each; undefined where the hash is none. */
export function blurPixels(hash: string): Uint8ClampedArray<ArrayBuffer> | undefined {
  if (!kept.has(hash)) {
    const oldest = kept.size >= keptMost ? kept.keys().next() : undefined;
    if (oldest && !oldest.done) kept.delete(oldest.value);
    kept.set(hash, decode(hash));
  }
  return kept.get(hash);
}
