import { describe, expect, it } from 'vitest';
import { en } from './en';
import { ko } from './ko';

const texts = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : typeof value === 'object' && value ? Object.values(value).flatMap(texts) : [];

describe.each([
  ['ko', ko],
  ['en', en],
])('%s', (_, dictionary) => {
  it('has no empty text and no exclamation mark', () => {
    for (const text of texts(dictionary)) {
      expect(text.trim()).not.toBe('');
      expect(text).not.toMatch(/[!！]/);
    }
  });
});
