import '../theme.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { loadFirstWords } from '../../lib/i18n';
import { queryClient } from '../../lib/queryClient';
import { Toasts } from '../Toast';
import { Tooltips } from '../Tooltip';
import { Kit } from './Kit';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await loadFirstWords();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Kit />
      <Toasts />
      <Tooltips />
    </QueryClientProvider>
  </StrictMode>,
);
