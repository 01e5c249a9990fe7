import { expect, it } from 'vitest';
import type { Category, Room } from '../wire.gen';
import { withLobbyEvent } from './lobby';

const room = (id: string, categoryId: string, more: Partial<Room> = {}): Room => ({
  id,
  categoryId,
  kind: 'public',
  memberCount: 1,
  head: 1,
  history: 'all',
  ...more,
});
const category = (id: string, rooms: Room[]): Category => ({ id, name: id, rooms });

it('follows the public list', () => {
  const lobby = [category('a', [room('1', 'a')]), category('b', [])];
  expect(withLobbyEvent(lobby, { room: room('2', 'b') })[1]?.rooms).toHaveLength(1);
  expect(withLobbyEvent(lobby, { room: room('1', 'a', { memberCount: 5 }) })[0]?.rooms[0]?.memberCount).toBe(5);
  expect(withLobbyEvent(lobby, { removedRoomId: '1' })[0]?.rooms).toEqual([]);
  const grown = withLobbyEvent(lobby, { room: room('3', 'c'), category: category('c', []) });
  expect(grown.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  const moved = withLobbyEvent(lobby, { room: room('1', 'b') });
  expect(moved.map(({ rooms }) => rooms.length)).toEqual([0, 1]);
});
