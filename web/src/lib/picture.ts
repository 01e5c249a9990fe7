import type { Image } from '../wire.gen';

/** A picture as it is drawn: one that the server has, or one on its way there. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** What is shown in the conversation. */
  readonly src: string;
  readonly blur?: string | undefined;
  /** How much of it is on its way, 0 to 1; undefined where it is there. */
  readonly progress?: number | undefined;
  readonly failed?: boolean | undefined;
  /** It moves only where it is looked at by itself. */
  readonly moves?: boolean | undefined;
}

/** An animation that costs more than this, in bytes, moves only when it is opened. */
const lightAnimation = 2 << 20;

/** How an image of the server's is drawn in a conversation. */
export function pictureOf(image: Image, still: boolean): Picture {
  const animated = image.contentType === 'image/gif';
  const plays = animated && !still && image.size <= lightAnimation;
  const { width, height, blur } = image;
  return { width, height, blur, src: plays ? image.url : image.thumbUrl, moves: animated && !plays };
}

/** The widest a picture or a grid of them is, and the highest one alone, in CSS pixels. */
export const widest = 300;
const highest = 360;
/** What is thinner than this is cut. */
const [narrowest, flattest] = [9 / 18, 2.4];
const least = 96;

/** The box of a picture that stands alone: its own shape within bounds, never larger than it is, never too small to press. */
export function boxOf({ width, height }: { width: number; height: number }): { width: number; ratio: number } {
  const own = width > 0 && height > 0 ? width / height : 4 / 3;
  const ratio = Math.min(flattest, Math.max(narrowest, own));
  const largest = Math.min(widest, highest * ratio);
  return { width: Math.round(Math.min(largest, Math.max(width, least, least * ratio))), ratio };
}

/** How many pictures stand in each row of a grid. */
export function gridOf(count: number): number[] {
  if (count <= 3) return [count];
  if (count === 4) return [2, 2];
  const threes = Math.floor(count / 3);
  if (count % 3 === 0) return Array.from({ length: threes }, () => 3);
  const rows =
    count % 3 === 2
      ? [...Array.from({ length: threes }, () => 3), 2]
      : [...Array.from({ length: threes - 1 }, () => 3), 2, 2];
  return rows;
}
