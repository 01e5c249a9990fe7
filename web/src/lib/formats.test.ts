import { expect, it } from 'vitest';
import { ago, clock, codePoints, dayName, sameMinute } from './formats';

const at = new Date(2026, 10, 22, 14, 31).toISOString();

it('tells times as each language does', () => {
  expect(clock('ko', at)).toBe('오후 2:31');
  expect(clock('en', at)).toMatch(/^2:31\sPM$/);
});
it('names days', () => {
  const now = new Date(2026, 10, 23, 9, 0);
  expect(dayName('ko', at, now)).toBe('11월 22일 일요일');
  expect(dayName('ko', at, new Date(2027, 1, 1))).toBe('2026년 11월 22일 일요일');
  expect(ago('ko', at, now)).toBe('어제');
  expect(ago('en', at, now)).toBe('yesterday');
  expect(ago('ko', at, new Date(2026, 10, 22, 20, 0))).toBe('오후 2:31');
  expect(ago('ko', at, new Date(2026, 11, 22))).toBe('11월 22일');
});
it('counts code points and minutes', () => {
  expect(codePoints('가🙌a')).toBe(3);
  expect(sameMinute('2026-01-01T00:00:01Z', '2026-01-01T00:00:59Z')).toBe(true);
  expect(sameMinute('2026-01-01T00:00:59Z', '2026-01-01T00:01:00Z')).toBe(false);
});
