import { expect, it } from 'vitest';
import { areaOf, whole, within } from './square';

const wide = { width: 400, height: 200 };

it('takes the middle, as large as it goes', () => {
  expect(areaOf(wide, whole)).toEqual({ left: 100, top: 0, side: 200 });
  expect(areaOf(wide, { zoom: 2, x: 0, y: 0 })).toEqual({ left: 150, top: 50, side: 100 });
});

it('never leaves the picture', () => {
  for (const zoom of [1, 1.5, 4, 9]) {
    for (const [x, y] of [
      [5, 5],
      [-5, 0],
      [0.2, -9],
    ] as const) {
      const { left, top, side } = areaOf(wide, within(wide, { zoom, x, y }));
      expect(left).toBeGreaterThanOrEqual(-1e-9);
      expect(top).toBeGreaterThanOrEqual(-1e-9);
      expect(left + side).toBeLessThanOrEqual(400 + 1e-9);
      expect(top + side).toBeLessThanOrEqual(200 + 1e-9);
    }
  }
  expect(within(wide, { zoom: 1, x: 0, y: 3 })).toEqual({ zoom: 1, x: 0, y: 0 });
  expect(within(wide, { zoom: 0.1, x: 0, y: 0 }).zoom).toBe(1);
});

it('moves with the hand: to the right shows more of the left', () => {
  expect(areaOf(wide, within(wide, { zoom: 1, x: 0.5, y: 0 })).left).toBe(0);
  expect(areaOf(wide, within(wide, { zoom: 1, x: -0.25, y: 0 })).left).toBe(150);
});
