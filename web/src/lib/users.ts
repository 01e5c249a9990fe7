import { useQuery } from '@tanstack/react-query';
import { create } from 'zustand';
import type { User } from '../wire.gen';
import { queryClient } from './queryClient';

const usersKey = ['users'] as const;

type Users = Readonly<Record<string, User>>;

/** People as answers and events bring them along; nobody asks for them one by one. */
export function learnUsers(users: readonly (User | undefined)[]): void {
  queryClient.setQueryData<Users>(usersKey, (known = {}) => {
    const changed = users.filter((user): user is User => {
      if (!user) return false;
      const old = known[user.id];
      return (
        old?.name !== user.name ||
        old.role !== user.role ||
        old.deleted !== user.deleted ||
        old.photo?.id !== user.photo?.id
      );
    });
    if (changed.length === 0) return known;
    return { ...known, ...Object.fromEntries(changed.map((user) => [user.id, user])) };
  });
}

const usersQuery = {
  queryKey: usersKey,
  queryFn: (): Users => queryClient.getQueryData<Users>(usersKey) ?? {},
  gcTime: Infinity,
};

export const usersNow = (): Users => queryClient.getQueryData<Users>(usersKey) ?? {};

export const useUsers = (): Users => useQuery(usersQuery).data ?? {};

export function useUser(id: string | undefined): User | undefined {
  return useQuery({ ...usersQuery, select: (users: Users) => (id === undefined ? undefined : users[id]) }).data;
}

/** Who is connected now, as the server said on this connection. */
export const usePresence = create<{ online: Readonly<Record<string, boolean>> }>(() => ({ online: {} }));

export const setPresent = (userId: string, online: boolean): void =>
  usePresence.setState((presence) => ({ online: { ...presence.online, [userId]: online } }));

export const forgetPresence = (): void => usePresence.setState({ online: {} });
