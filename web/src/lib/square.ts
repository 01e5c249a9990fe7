/** A square cut out of a picture: how large the picture stands behind it, and how far its middle is moved. */
export interface Cut {
  /** 1: its shorter side fills the square. */
  readonly zoom: number;
  /** Of the square's side. */
  readonly x: number;
  readonly y: number;
}

export const mostZoom = 4;

export const whole: Cut = { zoom: 1, x: 0, y: 0 };

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The nearest cut that the picture fills. */
export function within({ width, height }: Size, { zoom, x, y }: Cut): Cut {
  const near = Math.min(mostZoom, Math.max(1, zoom));
  const shorter = Math.min(width, height);
  const free = (side: number) => ((side / shorter) * near - 1) / 2;
  const bound = (value: number, most: number) => Math.min(most, Math.max(-most, value)) + 0;
  return { zoom: near, x: bound(x, free(width)), y: bound(y, free(height)) };
}

/** Where the cut lies in the picture, in its pixels. */
export function areaOf({ width, height }: Size, { zoom, x, y }: Cut): { left: number; top: number; side: number } {
  const side = Math.min(width, height) / zoom;
  return { left: (width - side) / 2 - x * side, top: (height - side) / 2 - y * side, side };
}
