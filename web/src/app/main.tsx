import '../ui/theme.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { loadFirstWords } from '../lib/i18n';
import { begin } from './begin';
import { preload, preloadNext } from './screens';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');

// Everything the first screen needs is here before it is drawn: nothing flashes, nothing spins.
await Promise.all([begin(), preload(location.pathname), loadFirstWords()]);
// From here on every screen brings its own title.
document.querySelector('title')?.remove();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
setTimeout(preloadNext, 500);
