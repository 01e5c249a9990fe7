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
const least = 64;

export interface Box {
  readonly width: number;
  readonly ratio: number;
  /** The picture is smaller than its box, and stands in it as it is. */
  readonly loose: boolean;
}

/** The box of a picture that stands alone: its own shape within bounds, never too small to press. It is never blown up. */
export function boxOf({ width, height }: { width: number; height: number }): Box {
  if (width <= 0 || height <= 0) return { width: least * 2, ratio: 4 / 3, loose: false };
  const ratio = Math.min(flattest, Math.max(narrowest, width / height));
  const wide = Math.min(widest, highest * ratio, width, height * ratio);
  if (wide >= least && wide / ratio >= least) return { width: Math.round(wide), ratio, loose: false };
  const shrink = Math.min(1, widest / width, highest / height);
  const [across, down] = [Math.max(least, width * shrink), Math.max(least, height * shrink)];
  return { width: Math.round(across), ratio: across / down, loose: true };
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

/** Why a picture did not come: it may not be seen any more, or something on the way failed. */
export type Trouble = 'gone' | 'failed';

/** An image's error does not say why: whoever may not see it any more is told otherwise than whoever has no line. */
export async function whatIsWrong(src: string): Promise<Trouble> {
  try {
    return (await fetch(src, { method: 'HEAD' })).status === 404 ? 'gone' : 'failed';
  } catch {
    return 'failed';
  }
}
