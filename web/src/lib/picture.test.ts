import { describe, expect, it } from 'vitest';
import { boxOf, gridOf, pictureOf, widest } from './picture';

describe('the box of one picture', () => {
  it.each([
    [4032, 3024, 300, 4 / 3],
    [3024, 4032, 270, 3 / 4],
    [8000, 400, 300, 2.4],
    [400, 8000, 180, 0.5],
    [160, 120, 160, 4 / 3],
    [48, 48, 64, 1],
    [8, 8, 64, 1],
    [500, 10, 300, 300 / 64],
    [0, 0, 128, 4 / 3],
  ])('%i × %i', (width, height, boxWidth, ratio) => {
    const box = boxOf({ width, height });
    expect(box.ratio).toBeCloseTo(ratio);
    expect(box.width).toBe(boxWidth);
    expect(box.width).toBeLessThanOrEqual(widest);
    expect(box.width / box.ratio).toBeLessThanOrEqual(361);
  });
});

it('blows no picture up', () => {
  for (const [width, height] of [
    [48, 48],
    [500, 10],
    [10, 500],
    [90, 70],
    [64, 64],
  ] as const) {
    const box = boxOf({ width, height });
    const covers = Math.max(box.width / width, box.width / box.ratio / height);
    if (!box.loose) expect(covers).toBeLessThanOrEqual(1.01);
  }
  expect(boxOf({ width: 48, height: 48 }).loose).toBe(true);
  expect(boxOf({ width: 90, height: 70 }).loose).toBe(false);
});

it('puts every picture into a row of two or three, one alone by itself', () => {
  for (let n = 1; n <= 10; n += 1) {
    const rows = gridOf(n);
    expect(rows.reduce((sum, row) => sum + row, 0)).toBe(n);
    if (n > 1) for (const row of rows) expect([2, 3]).toContain(row);
  }
  expect(gridOf(7)).toEqual([3, 2, 2]);
  expect(gridOf(10)).toEqual([3, 3, 2, 2]);
});

it('has light animations play in the conversation, unless the reader wants no motion', () => {
  const gif = {
    id: 'a',
    width: 10,
    height: 10,
    contentType: 'image/gif' as const,
    size: 1000,
    url: '/full',
    thumbUrl: '/thumb',
  };
  expect(pictureOf(gif, false)).toMatchObject({ src: '/full', moves: false });
  expect(pictureOf(gif, true)).toMatchObject({ src: '/thumb', moves: true });
  expect(pictureOf({ ...gif, size: 9_000_000 }, false)).toMatchObject({ src: '/thumb', moves: true });
  expect(pictureOf({ ...gif, contentType: 'image/jpeg' }, false)).toMatchObject({ src: '/thumb', moves: false });
});
