import { useQuery } from '@tanstack/react-query';
import type { Category, LobbyEvent, Room } from '../wire.gen';
import { api } from './api';
import { queryClient } from './queryClient';
import { useMe } from './session';

const lobbyKey = ['lobby'] as const;

/** Categories with their public rooms. Members get changes live; visitors look again every 30 s. */
export function useLobby() {
  const visitor = useMe() === null;
  return useQuery({
    queryKey: lobbyKey,
    queryFn: async () => (await api.categories()).categories,
    refetchInterval: visitor ? 30_000 : false,
  });
}

export const lobbyNow = (): Category[] => queryClient.getQueryData<Category[]>(lobbyKey) ?? [];

export const setLobby = (categories: Category[]): void => void queryClient.setQueryData(lobbyKey, categories);

/** A connection begins: what changed in the lobby before was not told. */
export const refreshLobby = (): void => void queryClient.invalidateQueries({ queryKey: lobbyKey });

const without = (category: Category, roomId: string): Category =>
  category.rooms.some((room) => room.id === roomId)
    ? { ...category, rooms: category.rooms.filter((room) => room.id !== roomId) }
    : category;

/** Puts a `lobby` event into the list. */
export function withLobbyEvent(categories: readonly Category[], event: LobbyEvent): Category[] {
  const { room, removedRoomId } = event;
  if (removedRoomId !== undefined) return categories.map((category) => without(category, removedRoomId));
  if (!room) return [...categories];
  const next = categories.map((category) =>
    category.id === room.categoryId ? { ...category, rooms: placed(category.rooms, room) } : without(category, room.id),
  );
  const known = categories.some((category) => category.id === room.categoryId);
  if (!known && event.category) next.push({ ...event.category, rooms: [room] });
  return next;
}

function placed(rooms: readonly Room[], room: Room): Room[] {
  return rooms.some((known) => known.id === room.id)
    ? rooms.map((known) => (known.id === room.id ? room : known))
    : [...rooms, room];
}

export function applyLobbyEvent(event: LobbyEvent): void {
  queryClient.setQueryData<Category[]>(lobbyKey, (categories) => categories && withLobbyEvent(categories, event));
}
