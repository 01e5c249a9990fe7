import { painted } from '../lib/painted';

/**
 * The site's own letters come in some files of 25 KB. Where the browser has the site's files at hand it has these too, and
 * draws with them from the start. On a first visit they would share the line with what they are to draw: there the system's
 * letters stand until the first screen is painted.
 */
export function chooseLetters(): void {
  const [self] = performance.getEntriesByName(import.meta.url, 'resource');
  const atHand = self instanceof PerformanceResourceTiming && self.transferSize === 0;
  const draw = () => void (document.documentElement.dataset['letters'] = 'own');
  if (atHand) draw();
  else void painted.then(draw);
}
