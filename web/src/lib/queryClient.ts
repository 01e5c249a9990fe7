import { QueryClient } from '@tanstack/react-query';
import { Refusal } from './problem';

/** The cache of what is the server's. Live events keep it fresh, so nothing in it grows stale by itself. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 1 && !(error instanceof Refusal && error.code !== 'unavailable'),
      retryDelay: (count) => 500 * 2 ** count,
    },
    mutations: { retry: false },
  },
});
