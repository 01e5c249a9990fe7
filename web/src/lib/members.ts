import { useQuery } from '@tanstack/react-query';
import type { Member, Message, User } from '../wire.gen';
import { api } from './api';
import { queryClient } from './queryClient';
import { learnUsers, setPresent } from './users';

const membersKey = (roomId: string) => ['members', roomId] as const;

export function useMembers(roomId: string, enabled: boolean) {
  return useQuery({
    queryKey: membersKey(roomId),
    queryFn: async () => {
      const { members } = await api.members(roomId);
      learnUsers(members.map(({ user }) => user));
      for (const { user, online } of members) setPresent(user.id, online);
      return members;
    },
    enabled,
  });
}

export const membersOf = (roomId: string): Member[] | undefined => queryClient.getQueryData(membersKey(roomId));

export const setMembers = (roomId: string, members: Member[]): void =>
  void queryClient.setQueryData(membersKey(roomId), members);

/** A connection begins: comings and goings before were not told. */
export const refreshMembers = (): void => void queryClient.invalidateQueries({ queryKey: ['members'] });

export const dropMembers = (roomId: string): void => queryClient.removeQueries({ queryKey: membersKey(roomId) });

/** A notice tells who came and who left: the list follows it without asking. */
export function followNotice(message: Message, user: User | undefined): void {
  const { event } = message;
  if (message.kind !== 'system' || !event) return;
  queryClient.setQueryData<Member[]>(membersKey(message.roomId), (members) => {
    if (!members) return members;
    const rest = members.filter((member) => member.user.id !== event.userId);
    if (event.type === 'left') return rest;
    if (rest.length < members.length || !user) return members;
    const joinedAt = message.sentAt ?? new Date().toISOString();
    return [...members, { user, joinedAt, role: 'member', readSeq: message.seq, online: true }];
  });
}

export function renameMember(user: User): void {
  queryClient.setQueriesData<Member[]>({ queryKey: ['members'] }, (members) =>
    members?.map((member) => (member.user.id === user.id ? { ...member, user } : member)),
  );
}
