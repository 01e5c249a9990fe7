// @vitest-environment node
import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { User } from '../wire.gen';
import { claimCopy, mostRooms, readCopy, wipeCopy, writeCopy, type KeptRoom, type Lists } from './offlineStore';

const jisu: User = { id: 'jisu', name: '지수', role: 'member' };
const mine = { userId: 'jisu', epoch: 'one' };
const lists: Lists = { user: jisu, rooms: [], categories: [], users: [] };
const room = (roomId: string, at: number, rev = 1, count = 1): KeptRoom => ({
  roomId,
  joinedAt: 'then',
  at,
  timeline: {
    messages: Array.from({ length: count }, (_, i) => ({ roomId, seq: i + 1, rev: i + 1, kind: 'message' as const })),
    hasOlder: false,
    hasNewer: false,
    rev,
  },
  users: [],
});
const all = new Set(Array.from({ length: 40 }, (_, i) => `r${i}`));
const there = async () => (await readCopy()).rooms.map(({ roomId }) => roomId);

describe('the copy for reading without a connection', () => {
  beforeEach(() => wipeCopy());

  it('is taken up by its owner, and wiped for everybody else and for another database', async () => {
    const { id } = await claimCopy(mine);
    expect(await writeCopy(id, lists, [room('r1', 1)], all)).toBe(true);
    expect(await claimCopy(mine)).toMatchObject({ id, rooms: [{ roomId: 'r1' }] });
    expect((await readCopy()).copy?.lists?.user).toEqual(jisu);

    for (const other of [
      { ...mine, epoch: 'two' },
      { userId: 'minho', epoch: 'one' },
    ]) {
      const { id: before } = await claimCopy(mine);
      await writeCopy(before, lists, [room('r1', 1)], all);
      const claimed = await claimCopy(other);
      expect(claimed.rooms).toEqual([]);
      expect(claimed.id).not.toBe(before);
      expect(await readCopy()).toEqual({ copy: { id: claimed.id, owner: other }, rooms: [] });
    }
  });

  it('is not written by who does not know that it was wiped', async () => {
    const { id } = await claimCopy(mine);
    await wipeCopy('jisu');
    expect(await writeCopy(id, lists, [room('r1', 1)], all)).toBe(false);
    await claimCopy({ userId: 'minho', epoch: 'one' });
    expect(await writeCopy(id, lists, [room('r1', 1)], all)).toBe(false);
    expect((await readCopy()).rooms).toEqual([]);
    expect((await readCopy()).copy?.lists).toBeUndefined();
    // A tab that learns late that its session is over takes nothing from the next user.
    const next = await claimCopy({ userId: 'minho', epoch: 'one' });
    await writeCopy(next.id, { ...lists, user: { ...jisu, id: 'minho' } }, [room('r2', 1)], all);
    await wipeCopy('jisu');
    expect(await there()).toEqual(['r2']);
  });

  it('keeps the rooms that were open last, and none that is left', async () => {
    const { id } = await claimCopy(mine);
    const many = Array.from({ length: mostRooms + 5 }, (_, i) => room(`r${i}`, i + 1));
    await writeCopy(id, undefined, many, all);
    expect(await there()).toEqual(many.slice(5).map(({ roomId }) => roomId));
    // An old one is opened again.
    await writeCopy(id, undefined, [room('r2', 100)], all);
    expect(await there()).toEqual([...many.slice(6).map(({ roomId }) => roomId), 'r2']);
    await writeCopy(id, undefined, [], new Set(['r2', 'r20']));
    expect(await there()).toEqual(['r20', 'r2']);
  });

  it('never goes back to what another tab knew before, unless one joined anew', async () => {
    const { id } = await claimCopy(mine);
    await writeCopy(id, undefined, [room('r1', 5, 9, 3)], all);
    await writeCopy(id, undefined, [room('r1', 6, 4, 2)], all);
    expect((await readCopy()).rooms).toMatchObject([{ at: 6, timeline: { rev: 9 } }]);
    await writeCopy(id, undefined, [room('r1', 3, 10, 1)], all);
    expect((await readCopy()).rooms).toMatchObject([{ at: 6, timeline: { rev: 10 } }]);
    await writeCopy(id, undefined, [{ ...room('r1', 7, 2, 1), joinedAt: 'again' }], all);
    expect((await readCopy()).rooms).toMatchObject([{ at: 7, joinedAt: 'again', timeline: { rev: 2 } }]);
  });
});
