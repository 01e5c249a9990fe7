import { describe, expect, it } from 'vitest';
import { initialsOf, matches } from './search';

describe('finding by name', () => {
  it('reads initial consonants', () => {
    expect(initialsOf('회의실 A')).toBe('ㅎㅇㅅ A');
    expect(initialsOf('꽃·가힣')).toBe('ㄲ·ㄱㅎ');
  });
  it.each([
    ['알고리즘 스터디', '리즘 스', true],
    ['알고리즘 스터디', 'ㄹㅈㅅ', true],
    ['알고리즘 스터디', 'ㅅㅌㄷ', true],
    ['Alex Kim', 'xki', true],
    ['회의실', '회의실'.normalize('NFD'), true],
    ['회의실', 'ㅎㅅ', false],
    ['회의실', '의회', false],
  ])('%s, %s: %s', (name, query, found) => {
    expect(matches(name, query)).toBe(found);
  });
});
