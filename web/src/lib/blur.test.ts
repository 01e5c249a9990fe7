import { expect, test } from 'vitest';
import { blurPixels, blurSize } from './blur';

const at = (pixels: Uint8ClampedArray | undefined, x: number, y: number) => {
  const from = (y * blurSize + x) * 4;
  return [...(pixels?.slice(from, from + 4) ?? [])];
};

test('one colour is that colour everywhere', () => {
  // 1×1, and #b34118 in base 83.
  const rgb = 0xb34118;
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~';
  const mean = [3, 2, 1, 0].map((place) => digits[Math.floor(rgb / 83 ** place) % 83]).join('');
  const pixels = blurPixels(`00${mean}`);
  expect(at(pixels, 0, 0)).toEqual([0xb3, 0x41, 0x18, 255]);
  expect(at(pixels, 23, 23)).toEqual([0xb3, 0x41, 0x18, 255]);
});

test("the picture of the format's own page", () => {
  // Pixels as the reference implementation (npm blurhash 2.0.5) decodes them at this size.
  const pixels = blurPixels('LEHV6nWB2yk8pyo0adR*.7kCMdnj');
  expect(at(pixels, 0, 0)).toEqual([135, 164, 177, 255]);
  expect(at(pixels, 20, 12)).toEqual([134, 144, 154, 255]);
  expect(at(pixels, 23, 23)).toEqual([133, 142, 147, 255]);
  expect(pixels).toHaveLength(blurSize * blurSize * 4);
});

test('what is no BlurHash is none', () => {
  for (const wrong of ['', 'L', 'LEHV6nWB2yk8pyo0adR*.7kCMdn', 'LEHV6nWB2yk8pyo0adR*.7kCMdn"', '00"""""']) {
    expect(blurPixels(wrong)).toBeUndefined();
  }
});
