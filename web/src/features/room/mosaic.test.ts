import { expect, test } from 'vitest';
import { boxOf, mosaicOf } from './mosaic';

test('a picture alone keeps its shape within bounds and is never blown up', () => {
  expect(boxOf({ width: 2560, height: 1706 })).toEqual({ width: 340, height: 227, loose: false });
  expect(boxOf({ width: 1500, height: 2000 })).toEqual({ width: 285, height: 380, loose: false });
  expect(boxOf({ width: 200, height: 150 })).toEqual({ width: 200, height: 150, loose: false });
});

test('strips are cut', () => {
  expect(boxOf({ width: 2560, height: 300 })).toEqual({ width: 340, height: 136, loose: false });
  expect(boxOf({ width: 600, height: 2560 })).toEqual({ width: 190, height: 380, loose: false });
});

test('tiny ones stand in a box that can be hit', () => {
  expect(boxOf({ width: 1, height: 1 })).toEqual({ width: 64, height: 64, loose: true });
  expect(boxOf({ width: 48, height: 48 })).toEqual({ width: 64, height: 64, loose: true });
  expect(boxOf({ width: 500, height: 10 })).toEqual({ width: 340, height: 64, loose: true });
});

test('every number of pictures fills its rows', () => {
  const one = { width: 400, height: 300 };
  for (let count = 2; count <= 10; count += 1) {
    const { rows, cells } = mosaicOf(Array.from({ length: count }, () => one));
    expect(cells).toHaveLength(count);
    expect(cells.reduce((sum, { across, down }) => sum + across * down, 0)).toBe(6 * rows);
  }
});
