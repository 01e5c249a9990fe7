import '../ui/theme.css';
import { StrictMode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { whenArrived } from '../lib/arrivals';
import { hasFirstWords, loadFirstWords } from '../lib/i18n';
import { painted } from '../lib/painted';
import { App } from './App';
import { begin } from './begin';
import { chooseLetters } from './letters';
import { isHere, preload, preloadNext } from './screens';

let shown = false;

/** Everything the first screen needs is here before it is drawn: nothing flashes, nothing spins. */
function show(): void {
  if (shown) return;
  shown = true;
  const root = document.getElementById('root');
  if (!root) throw new Error('the page has no root');
  // From here on every screen brings its own title.
  document.querySelector('title')?.remove();
  chooseLetters();
  flushSync(() =>
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>,
    ),
  );
  void painted.then(() => {
    setTimeout(preloadNext, 500);
    // The development server has no service worker, and a page without state of its own.
    if (import.meta.env.PROD) {
      setTimeout(() => void import('./later').then(({ startLater }) => startLater()).catch(() => undefined), 1000);
    }
  });
}

/** Not awaited by the module itself: what is loaded later is made of parts of it, and would wait for it in turn. */
async function showOnceLoaded(begun: Promise<void> | undefined): Promise<void> {
  await Promise.all([begun, preload(location.pathname), loadFirstWords()]);
  // The shell learns its reader's language only now.
  await loadFirstWords();
  show();
}

const begun = begin();
whenArrived(() => {
  // In the task of the last script that the page waits for: its first paint is the screen.
  if (!begun && hasFirstWords() && isHere(location.pathname)) show();
});
void showOnceLoaded(begun);
