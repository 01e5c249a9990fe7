// @vitest-environment jsdom
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message, MyRoom, User } from '../wire.gen';
import { api } from './api';
import { useConn } from './conn';
import { putMessages, restoreTimeline, seedTimeline, timelineOf } from './messages';
import { keepOffline, wipe } from './offline';
import { claimCopy, readCopy, wipeCopy, writeCopy } from './offlineStore';
import { queryClient } from './queryClient';
import { getMyRooms, setMyRooms } from './rooms';
import { setMe } from './session';
import type { Timeline } from './timeline';
import { learnUsers, usersNow } from './users';

const person = (id: string, name = id): User => ({ id, name, role: 'member' });
const said = (roomId: string, seq: number, senderId = 'minho'): Message => ({
  roomId,
  seq,
  rev: seq,
  senderId,
  kind: 'message',
  text: `${roomId} ${seq}`,
});
const from = (roomId: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => said(roomId, first + i));
const mine = (id: string, head: number, joinedAt = 'then'): MyRoom => ({
  room: { id, kind: 'public', name: id, memberCount: 2, head, history: 'all' },
  membership: { userId: 'jisu', roomId: id, joinedAt, visibleAfter: 0, readSeq: head, role: 'member' },
  unread: 0,
});
const seed = (roomId: string, first: number, last: number) =>
  seedTimeline(roomId, { messages: from(roomId, first, last), users: [], hasMore: first > 1 }, last, undefined);

let epoch = 'one';
let stop = () => undefined as void;
const restored: string[] = [];
const begin = (start: 'page' | 'visitor' | 'copy' = 'page') => {
  stop = keepOffline(
    {
      epoch: () => epoch,
      restore: (roomId: string, timeline: Timeline) => {
        if (restoreTimeline(roomId, timeline)) restored.push(roomId);
      },
    },
    start,
    30,
  );
};
/** Waits until what is kept is so. */
const until = (check: (kept: Awaited<ReturnType<typeof readCopy>>) => void) =>
  vi.waitFor(async () => check(await readCopy()), { timeout: 5000, interval: 50 });
/** As a new page finds it: nothing is in memory. */
const newPage = () => {
  stop();
  queryClient.clear();
  useConn.setState({ online: false, since: undefined });
};

describe('keeping what was read last', () => {
  beforeEach(async () => {
    await wipeCopy();
    epoch = 'one';
    restored.length = 0;
  });
  afterEach(() => newPage());

  it('keeps the newest hundred of each room with those who wrote them, and what comes live', async () => {
    setMe(person('jisu'));
    learnUsers([person('minho', '민호'), person('nobody')]);
    setMyRooms([mine('a', 150), mine('b', 3)]);
    seed('a', 1, 150);
    seed('b', 1, 3);
    begin();
    await until(({ copy, rooms }) => {
      expect(copy?.lists).toMatchObject({ user: { id: 'jisu' }, rooms: [{}, {}] });
      expect(rooms).toHaveLength(2);
      const a = rooms.find(({ roomId }) => roomId === 'a');
      expect(a?.timeline).toMatchObject({ hasOlder: true, hasNewer: false, rev: 150 });
      expect(a?.timeline.messages.map(({ seq }) => seq)).toEqual(from('a', 51, 150).map(({ seq }) => seq));
      expect(a?.users).toEqual([person('minho', '민호')]);
    });
    putMessages('b', [said('b', 4)], 4);
    await until(({ rooms }) => expect(rooms.find(({ roomId }) => roomId === 'b')?.timeline.rev).toBe(4));
  });

  it('gives a new page what is not far behind, where nothing newer is cached and one is still the same member', async () => {
    const { id } = await claimCopy({ userId: 'jisu', epoch: 'one' });
    const room = (roomId: string, last: number) => ({
      roomId,
      joinedAt: 'then',
      at: last,
      timeline: { messages: from(roomId, 1, last), hasOlder: false, hasNewer: false, rev: last },
      users: [person('minho', '옛 이름'), person('jisu', '옛 이름')],
    });
    const rooms = ['near', 'far', 'again', 'open', 'left'].map((roomId) => room(roomId, 10));
    await writeCopy(id, undefined, rooms, new Set(rooms.map(({ roomId }) => roomId)));
    setMe(person('jisu', '지수'));
    learnUsers([person('jisu', '지수')]);
    setMyRooms([mine('near', 60), mine('far', 111), mine('again', 60, 'later'), mine('open', 60)]);
    seed('open', 30, 60);
    const ask = vi.spyOn(api, 'users').mockResolvedValue({ users: [person('minho', '민호')] });
    begin();
    await vi.waitFor(() => expect(restored).toEqual(['near']));
    expect(timelineOf('near')?.rev).toBe(10);
    expect(timelineOf('open')?.messages[0]?.seq).toBe(30);
    // Whom the page names is known better; the others are asked for once there is a connection.
    expect(usersNow()['jisu']?.name).toBe('지수');
    expect(usersNow()['minho']?.name).toBe('옛 이름');
    expect(ask).not.toHaveBeenCalled();
    useConn.setState({ online: true });
    await vi.waitFor(() => expect(usersNow()['minho']?.name).toBe('민호'));
    expect(ask.mock.calls).toEqual([[['minho']]]);
    // What is too far behind can still be read without a connection; what is of an earlier membership cannot.
    await until(({ rooms: kept }) =>
      expect(kept.map(({ roomId, timeline }) => [roomId, timeline.rev]).sort()).toEqual([
        ['far', 10],
        ['near', 10],
        ['open', 60],
      ]),
    );
  });

  it('asks for the newest of a room that is open on its past, for the copy alone', async () => {
    setMe(person('jisu'));
    setMyRooms([mine('a', 300)]);
    seedTimeline('a', { messages: from('a', 76, 125), users: [], hasMore: true }, 300, 100);
    const ask = vi
      .spyOn(api, 'messages')
      .mockResolvedValue({ messages: from('a', 201, 300), users: [], hasMore: true });
    begin();
    await until(({ rooms }) => expect(rooms[0]?.timeline.messages.at(-1)?.seq).toBe(300));
    expect(ask.mock.calls).toEqual([['a', {}, 100]]);
    expect(timelineOf('a')?.messages.at(-1)?.seq).toBe(125);
  });

  it('wipes all of it with the session, for a visitor, and where the database is another one', async () => {
    const keep = async () => {
      setMe(person('jisu'));
      setMyRooms([mine('a', 3)]);
      seed('a', 1, 3);
      begin();
      await until(({ rooms }) => expect(rooms).toHaveLength(1));
    };
    await keep();
    await wipe('jisu');
    expect(await readCopy()).toEqual({ copy: undefined, rooms: [] });
    // The page still knows everything, and writes nothing of it.
    putMessages('a', [said('a', 4)], 4);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await readCopy()).toEqual({ copy: undefined, rooms: [] });

    newPage();
    await keep();
    newPage();
    begin('visitor');
    await until((kept) => expect(kept).toEqual({ copy: undefined, rooms: [] }));

    newPage();
    await keep();
    epoch = 'two';
    queryClient.removeQueries({ queryKey: ['messages'] });
    setMe(person('jisu', '새 이름'));
    await until(({ copy, rooms }) => {
      expect(copy?.owner.epoch).toBe('two');
      expect(rooms).toEqual([]);
    });
  });

  it('lets go of what is too much in memory, and of nothing before that', async () => {
    setMe(person('jisu'));
    const ids = Array.from({ length: 25 }, (_, i) => `r${i}`);
    setMyRooms(ids.map((id) => mine(id, 3)));
    for (const id of ids) seed(id, 1, 3);
    begin();
    await vi.waitFor(() => expect(ids.filter((id) => timelineOf(id) !== undefined)).toHaveLength(20), {
      timeout: 5000,
    });
    await until(({ rooms }) => expect(rooms).toHaveLength(20));
    expect(getMyRooms()).toHaveLength(25);
    expect(queryClient.getQueryCache().find({ queryKey: ['messages', 'r0'] })?.gcTime).toBe(Infinity);
  });
});
