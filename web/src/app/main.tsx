import '../ui/theme.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { loadFirstWords } from '../lib/i18n';
import { begin } from './begin';
import { preload, preloadNext } from './screens';

/** Not awaited by the module itself: what is loaded later is made of parts of it, and would wait for it in turn. */
async function start(): Promise<void> {
  const root = document.getElementById('root');
  if (!root) throw new Error('the page has no root');

  // Everything the first screen needs is here before it is drawn: nothing flashes, nothing spins.
  await Promise.all([begin(), preload(location.pathname), loadFirstWords()]);
  // The shell learns its reader's language only now.
  await loadFirstWords();
  // From here on every screen brings its own title.
  document.querySelector('title')?.remove();
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  setTimeout(preloadNext, 500);
  // The development server has no service worker, and a page without state of its own.
  if (import.meta.env.PROD) {
    setTimeout(() => void import('./later').then(({ startLater }) => startLater()).catch(() => undefined), 1000);
  }
}

void start();
