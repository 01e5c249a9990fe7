import { useQuery } from '@tanstack/react-query';
import { create } from 'zustand';
import type { SessionEnded, User } from '../wire.gen';
import { api } from './api';
import { queryClient } from './queryClient';
import { Refusal } from './problem';

const meKey = ['me'] as const;

/** Why the last session ended, for the log-in screen to say. */
export const useEnding = create<{ reason: SessionEnded['reason'] | undefined }>(() => ({ reason: undefined }));

const meQuery = {
  queryKey: meKey,
  queryFn: async (): Promise<User | null> => {
    try {
      return (await api.me()).user;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'unauthorized') return null;
      throw error;
    }
  },
};

/** Who is logged in; null for a visitor. The page brings it, so it is known before the first paint. */
export function useMe(): User | null {
  return useQuery(meQuery).data ?? null;
}

export const currentUser = (): User | null => queryClient.getQueryData<User | null>(meKey) ?? null;

export const setMe = (user: User | null): void => void queryClient.setQueryData(meKey, user);

/** Under the development server the page is empty. */
export const fetchMe = (): Promise<User | null> => queryClient.query(meQuery);
