/** How pictures stand together. Everything follows from their sizes, so the box is there before they are. */

export interface Size {
  width: number;
  height: number;
}

/** In CSS pixels. A message of several is as wide as the widest of one. */
export const widest = 340;
const tallest = 380;
/** Smaller boxes could not be hit, nor hold a ring. */
const smallest = 64;
/** A picture that is slimmer or flatter than this is cut, not shrunk to a strip. */
const slimmest = 0.5;
const flattest = 2.5;

export interface Box extends Size {
  /** The picture is smaller than its box and stands in it as it is. */
  loose: boolean;
}

const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

/** The box of a picture alone: never larger than the picture itself. */
export function boxOf({ width, height }: Size): Box {
  const ratio = between(slimmest, width / height, flattest);
  const wide = Math.min(widest, tallest * ratio, width, height * ratio);
  if (wide >= smallest && wide / ratio >= smallest) {
    return { width: Math.round(wide), height: Math.round(wide / ratio), loose: false };
  }
  const shrink = Math.min(1, widest / width, tallest / height);
  return {
    width: Math.round(between(smallest, width * shrink, widest)),
    height: Math.round(between(smallest, height * shrink, tallest)),
    loose: true,
  };
}

/** Of several: rows of equal height, and how many sixths of the width each picture takes. */
export interface Mosaic {
  rows: number;
  /** Width by height of the whole. */
  ratio: number;
  cells: { across: number; down: number }[];
}

export function mosaicOf(pictures: readonly Size[]): Mosaic {
  const count = pictures.length;
  const cell = (across: number, down = 1) => ({ across, down });
  if (count === 2) {
    const upright = pictures.every(({ width, height }) => width < height);
    return { rows: 1, ratio: upright ? 1.5 : 2, cells: [cell(3), cell(3)] };
  }
  if (count === 3) return { rows: 2, ratio: 1.5, cells: [cell(4, 2), cell(2), cell(2)] };
  if (count === 4) return { rows: 2, ratio: 1, cells: [cell(3), cell(3), cell(3), cell(3)] };
  // Pairs above, threes below, as KakaoTalk has them.
  const pairs = (3 - (count % 3)) % 3;
  const rows = pairs + (count - 2 * pairs) / 3;
  return { rows, ratio: 3 / rows, cells: pictures.map((_, i) => cell(i < 2 * pairs ? 3 : 2)) };
}
