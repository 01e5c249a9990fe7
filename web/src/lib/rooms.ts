import { useQuery } from '@tanstack/react-query';
import type { Membership, Message, MyRoom, Room, RoomAnswer } from '../wire.gen';
import { api } from './api';
import { queryClient } from './queryClient';
import { learnUsers } from './users';

const myRoomsKey = ['my-rooms'] as const;

const myRoomsQuery = {
  queryKey: myRoomsKey,
  queryFn: async (): Promise<MyRoom[]> => {
    const answer = await api.myRooms();
    learnUsers(answer.users);
    return answer.rooms;
  },
};

/** The user's rooms with their last message and unread count, kept live. */
export const useMyRooms = (enabled = true) => useQuery({ ...myRoomsQuery, enabled });

export const fetchMyRooms = (): Promise<MyRoom[]> => queryClient.query(myRoomsQuery);

export const setMyRooms = (rooms: MyRoom[]): void => void queryClient.setQueryData(myRoomsKey, rooms);

export const getMyRooms = (): MyRoom[] => queryClient.getQueryData<MyRoom[]>(myRoomsKey) ?? [];

export const getMyRoom = (roomId: string): MyRoom | undefined => getMyRooms().find(({ room }) => room.id === roomId);

function changeMyRooms(change: (rooms: readonly MyRoom[]) => MyRoom[]): void {
  queryClient.setQueryData<MyRoom[]>(myRoomsKey, (rooms) => change(rooms ?? []));
}

function changeMyRoom(roomId: string, change: (mine: MyRoom) => MyRoom): void {
  changeMyRooms((rooms) => rooms.map((mine) => (mine.room.id === roomId ? change(mine) : mine)));
}

const roomKey = (roomId: string) => ['room', roomId] as const;

/** One room as its reader may see it: a member's comes from their own rooms, another from the server. */
export function useRoom(roomId: string) {
  const mine = useMyRooms(false).data?.find(({ room }) => room.id === roomId);
  const query = useQuery({
    queryKey: roomKey(roomId),
    queryFn: () => api.room(roomId),
    enabled: mine === undefined,
    refetchInterval: mine === undefined ? 30_000 : false,
  });
  const answer: RoomAnswer | undefined = mine ?? (query.data && { room: query.data.room });
  return { answer, mine, error: mine ? null : query.error, refetch: query.refetch };
}

export const setRoom = (answer: RoomAnswer): void => void queryClient.setQueryData(roomKey(answer.room.id), answer);

/** A room of which the user is now a member, or whose name, topic or number of members changed. */
export function applyRoom(room: Room, membership?: Membership): void {
  queryClient.setQueryData<RoomAnswer>(roomKey(room.id), (old) => old && { ...old, room });
  changeMyRooms((rooms) => {
    const known = rooms.find((mine) => mine.room.id === room.id);
    if (known) {
      // The list's head says which messages it has counted: only messages move it.
      const kept = { ...room, head: known.room.head };
      return rooms.map((mine) =>
        mine === known ? { ...mine, room: kept, membership: newerMembership(mine.membership, membership) } : mine,
      );
    }
    return membership ? [...rooms, { room, membership, unread: 0 }] : [...rooms];
  });
}

const newerMembership = (old: Membership, next: Membership | undefined): Membership =>
  next ? { ...next, readSeq: Math.max(next.joinedAt === old.joinedAt ? old.readSeq : 0, next.readSeq) } : old;

export function dropRoom(roomId: string): void {
  changeMyRooms((rooms) => rooms.filter((mine) => mine.room.id !== roomId));
  // Whoever still looks at it asks anew what they may see of it.
  void queryClient.resetQueries({ queryKey: roomKey(roomId) });
}

/** Puts a change of a message into the room's entry: its last message, its unread count, what it has counted. */
export function withMessage(mine: MyRoom, message: Message, me: string): MyRoom {
  const { head } = mine.room;
  if (message.rev <= head) return mine;
  const { readSeq, visibleAfter } = mine.membership;
  const unseen = message.seq > Math.max(readSeq, visibleAfter);
  const others = message.kind !== 'system' && message.senderId !== me;
  let { unread, last } = mine;
  const isNew = message.seq > head;
  if (isNew && unseen && others && message.kind === 'message') unread = Math.min(unread + 1, 999);
  if (!isNew && unseen && others && message.kind === 'deleted' && unread < 999) unread = Math.max(unread - 1, 0);
  if (message.kind !== 'hidden' && (!last || message.seq >= last.seq)) last = message;
  let { membership } = mine;
  // Sending reads what was before it.
  if (isNew && message.senderId === me && message.kind === 'message') {
    membership = { ...membership, readSeq: Math.max(readSeq, message.seq) };
    unread = 0;
  }
  return { room: { ...mine.room, head: message.rev }, membership, unread, ...(last ? { last } : {}) };
}

export const countMessage = (message: Message, me: string): void =>
  changeMyRoom(message.roomId, (mine) => withMessage(mine, message, me));

/** The newest message of a room that was joined a moment ago, once its first page is here. */
export const rememberLast = (last: Message): void =>
  changeMyRoom(last.roomId, (mine) => (mine.last && mine.last.seq >= last.seq ? mine : { ...mine, last }));

/** How far the user has read, from an acknowledgement or from another of their connections. */
export function setRead(roomId: string, seq: number, unread: number | undefined): void {
  changeMyRoom(roomId, (mine) => {
    const readSeq = Math.max(mine.membership.readSeq, seq);
    const lastSeq = mine.last?.seq ?? 0;
    return {
      ...mine,
      membership: { ...mine.membership, readSeq },
      unread: unread ?? (readSeq >= lastSeq ? 0 : mine.unread),
    };
  });
}

/** When something last happened in a room, for the order of the list. */
export const stirredAt = ({ last, membership }: MyRoom): string => last?.sentAt ?? membership.joinedAt;
