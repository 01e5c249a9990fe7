import { expect, it } from 'vitest';
import { faceOf, hueOf } from './faces';

it('shortens names', () => {
  expect(faceOf('최지수')).toBe('지수');
  expect(faceOf('남궁 민수')).toBe('민수');
  expect(faceOf('Alex Kim')).toBe('AK');
  expect(faceOf('alex')).toBe('AL');
  expect(faceOf('🙂')).toBe('🙂');
  expect(faceOf('  ')).toBe('·');
});
it('makes the same hue of the same id', () => {
  expect(hueOf('abc')).toBe(hueOf('abc'));
  expect(hueOf('abc')).toBeLessThan(360);
});
