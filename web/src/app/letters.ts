import { painted } from '../lib/painted';

const own = "15px 'Pretendard Variable'";

/**
 * The site's own letters come in some files of 25 KB. Where the browser has the site's files at hand it has these too, and
 * draws with them from the start. On a first visit they would share the line with what they are to draw, and lines would
 * break elsewhere under their reader's eyes: they are fetched once the first screen is painted, and the next one has them.
 */
export function chooseLetters(): void {
  const [self] = performance.getEntriesByName(import.meta.url, 'resource');
  const atHand = self instanceof PerformanceResourceTiming && self.transferSize === 0;
  const draw = () => void (document.documentElement.dataset['letters'] = 'own');
  if (atHand) {
    draw();
    return;
  }
  void painted.then(async () => {
    await document.fonts.load(own, document.body.innerText).catch(() => undefined);
    for (const going of ['pushState', 'replaceState', 'popstate']) addEventListener(going, draw, { once: true });
  });
}
