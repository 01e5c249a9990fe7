import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/ui/tokens.css', 'utf8').replace(/\/\*.*?\*\//gs, '');

function tokens(selector: string): Record<string, string> {
  const begin = css.indexOf(`${selector} {`);
  if (begin < 0) throw new Error(`no ${selector}`);
  const body = css.slice(css.indexOf('{', begin) + 1, css.indexOf('}', begin));
  return Object.fromEntries(
    [...body.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value.trim()]),
  );
}

const light = tokens(':root');
const dark = { ...light, ...tokens("[data-theme='dark']") };
const system = { ...light, ...tokens(':root:not([data-theme])') };

type Rgb = [number, number, number];

const ofHex = (hex: string): Rgb => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255) as Rgb;

function ofHsl(h: number, s: number, l: number): Rgb {
  const a = s * Math.min(l, 1 - l);
  const channel = (n: number) => {
    const k = (n + h / 30) % 12;
    return l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return [channel(0), channel(8), channel(4)];
}

/** Relative luminance and contrast by WCAG 2.2. */
const luminance = (rgb: Rgb): number => {
  const [r, g, b] = rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: Rgb, b: Rgb): number => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

const pairs = [
  ['--ink', '--paper'],
  ['--ink', '--surface'],
  ['--ink', '--sunken'],
  ['--ink-2', '--paper'],
  ['--ink-2', '--surface'],
  ['--ink-2', '--sunken'],
  ['--accent', '--paper'],
  ['--accent', '--surface'],
  ['--on-accent', '--accent'],
  ['--on-accent', '--accent-press'],
  ['--accent-ink', '--accent-tint'],
  ['--own-ink', '--accent-tint'],
  ['--danger', '--paper'],
  ['--danger', '--surface'],
  ['--on-danger', '--danger'],
  ['--paper', '--ink'],
] as const;

describe.each([
  ['light', light],
  ['dark', dark],
])('%s', (_, theme) => {
  it.each(pairs)('%s on %s is AA', (text, ground) => {
    expect(contrast(ofHex(theme[text] ?? ''), ofHex(theme[ground] ?? ''))).toBeGreaterThanOrEqual(4.5);
  });
  it('letters are AA on faces of every hue', () => {
    const parse = (token: string) => (token.match(/[\d.]+/g) ?? []).map((n) => Number(n) / 100) as [number, number];
    const [inkS, inkL] = parse(theme['--hue-ink'] ?? '');
    for (const ground of ['--hue-face', '--hue-tile']) {
      const [s, l] = parse(theme[ground] ?? '');
      for (let hue = 0; hue < 360; hue += 1) {
        expect(contrast(ofHsl(hue, inkS, inkL), ofHsl(hue, s, l))).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
  it('the focus ring is seen', () => {
    for (const ground of ['--paper', '--surface', '--sunken']) {
      expect(contrast(ofHex(theme['--focus'] ?? ''), ofHex(theme[ground] ?? ''))).toBeGreaterThanOrEqual(3);
    }
  });
});

it('a dark system looks as a chosen dark', () => {
  expect(system).toEqual(dark);
});
