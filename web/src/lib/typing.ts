import { create } from 'zustand';

/** A sign of typing holds this long; senders repeat it every three seconds. */
const holds = 5000;

interface Typists {
  /** By room, by user: until when. */
  rooms: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export const useTyping = create<Typists>(() => ({ rooms: {} }));

const timers = new Map<string, ReturnType<typeof setTimeout>>();

export function noteTyping(roomId: string, userId: string): void {
  const key = `${roomId} ${userId}`;
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => stopTyping(roomId, userId), holds),
  );
  useTyping.setState(({ rooms }) => ({
    rooms: { ...rooms, [roomId]: { ...rooms[roomId], [userId]: Date.now() + holds } },
  }));
}

export function stopTyping(roomId: string, userId: string): void {
  const key = `${roomId} ${userId}`;
  clearTimeout(timers.get(key));
  timers.delete(key);
  useTyping.setState((state) => {
    const typists = state.rooms[roomId];
    if (!typists || !(userId in typists)) return state;
    const rest = Object.fromEntries(Object.entries(typists).filter(([id]) => id !== userId));
    return { rooms: { ...state.rooms, [roomId]: rest } };
  });
}
