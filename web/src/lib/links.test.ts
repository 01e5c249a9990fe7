import { describe, expect, it } from 'vitest';
import { withLinks } from './links';

const links = (text: string) =>
  withLinks(text).flatMap((part) => (typeof part === 'string' ? [] : [`${part.text} → ${part.href}`]));
const written = (text: string) => withLinks(text).flatMap((part) => (typeof part === 'string' ? [] : [part.text]));

describe('addresses in a text', () => {
  it.each([
    ['여기 https://maru.kr/a?b=c#d 보세요', 'https://maru.kr/a?b=c#d'],
    ['https://maru.kr.', 'https://maru.kr'],
    ['(https://maru.kr/a)', 'https://maru.kr/a'],
    ['https://en.wikipedia.org/wiki/Maru_(floor)', 'https://en.wikipedia.org/wiki/Maru_(floor)'],
    ['[https://maru.kr/a_(b)],', 'https://maru.kr/a_(b)'],
    ['https://maru.kr에서 봐요', 'https://maru.kr'],
    ['https://maru.kr/docs/page를 보세요', 'https://maru.kr/docs/page'],
    ['https://maru.kr/a1로', 'https://maru.kr/a1'],
    ['https://ko.wikipedia.org/wiki/마루', 'https://ko.wikipedia.org/wiki/마루'],
    ['https://maru.kr/?q=마루', 'https://maru.kr/?q=마루'],
    ['https://maru.kr/%EB%A7%88%EB%A3%A8로', 'https://maru.kr/%EB%A7%88%EB%A3%A8'],
    ['HTTPS://MARU.KR/A!', 'HTTPS://MARU.KR/A'],
    ['https://maru.kr/…', 'https://maru.kr/'],
    ['“https://maru.kr”', 'https://maru.kr'],
  ])('%s', (text, want) => expect(written(text)).toEqual([want]));

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'ftp://maru.kr',
    '//maru.kr',
    'http://',
    'https://%',
    'maru.kr',
  ])('nothing in %s', (text) => expect(withLinks(text)).toEqual([text]));

  it('keeps every letter', () => {
    const text = 'a https://maru.kr/1, http://maru.kr/2를 b\nhttps://% c';
    expect(
      withLinks(text)
        .map((part) => (typeof part === 'string' ? part : part.text))
        .join(''),
    ).toBe(text);
  });

  it('shows where names lead that look like others', () => {
    // The first letter is Cyrillic.
    expect(links('https://аpple.com/a')).toEqual(['https://xn--pple-43d.com/a → https://xn--pple-43d.com/a']);
    expect(links('https://maru.kr@evil.example/a')).toEqual([
      'https://maru.kr@evil.example/a → https://maru.kr@evil.example/a',
    ]);
    expect(written('https://마루.한국/a')).toEqual(['https://마루.한국/a']);
    expect(links('https://마루.한국/a')[0]).toContain('→ https://xn--');
  });
});
