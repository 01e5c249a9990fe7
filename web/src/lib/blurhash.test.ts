import { expect, it } from 'vitest';
import { decodeBlurHash } from './blurhash';

it('decodes what the reference encoder made', () => {
  // One component: a plain colour, 0x6699cc.
  const plain = decodeBlurHash('00TIs]', 4, 3);
  expect(plain).toHaveLength(4 * 4 * 3);
  expect(plain?.slice(0, 4)).toEqual(plain?.slice(-4));
  // The example of the algorithm's own page: warm, brighter above than below.
  const example = decodeBlurHash('LEHV6nWB2yk8pyo0adR*.7kCMdnj', 32, 32);
  expect(example).toHaveLength(4 * 32 * 32);
  expect(new Set(example?.filter((_, i) => i % 4 === 3))).toEqual(new Set([255]));
  expect(new Set(example).size).toBeGreaterThan(50);
});

it('has nothing for what is no hash', () => {
  for (const hash of ['', 'L', 'LEHV6nWB2yk8pyo0adR*.7kCMdn', 'LEHV6nWB2yk8pyo0adR*.7kCMdn"', '한글해시입니다']) {
    expect(decodeBlurHash(hash, 8, 8)).toBeUndefined();
  }
});
