import { useSyncExternalStore } from 'react';
import type { MessageEvent, Page, Ready, RoomRemoved, RoomUpdated, SessionEnded } from '../wire.gen';
import { whenSignedOut } from './api';
import { useConn } from './conn';
import { fold, giveUp, place, receive, resume, type Step, type Stream } from './cursor';
import { dropDrafts } from './drafts';
import { applyLobbyEvent, refreshLobby } from './lobby';
import { dropMembers, followNotice, refreshMembers, renameMember } from './members';
import { cachedRev, dropTimelines, isFetching, putMessages, resetTimeline, whenFetched } from './messages';
import { Outbox } from './outbox';
import { Refusal } from './problem';
import { queryClient } from './queryClient';
import { applyRoom, countMessage, dropRoom, getMyRoom, rememberLast, setMyRooms, setRead } from './rooms';
import { currentUser, setMe, useEnding } from './session';
import { ask, closeSocket, openSocket, probe, reconnectNow } from './socket';
import { noteTyping, stopTyping } from './typing';
import { forgetPresence, learnUsers, setPresent } from './users';

/** The one place where the socket's events meet the cache. */

let epoch: string | undefined;
const streams = new Map<string, Stream>();
/** How often in a row a room's question failed while connected. */
const failures = new Map<string, number>();

export const outbox = new Outbox({
  send: async (message) => (await ask('message:send', message)).message,
  sent: (message) => putMessages(message.roomId, [message]),
  online: () => useConn.getState().online,
});

export function useOutgoing() {
  return useSyncExternalStore(outbox.store.subscribe, () => outbox.store.getState().entries);
}

function take(roomId: string, step: Step): void {
  streams.set(roomId, step.stream);
  if (step.reset) resetTimeline(roomId, step.apply, step.stream.cursor);
  else if (step.apply.length > 0) putMessages(roomId, step.apply, step.stream.cursor);
  const me = currentUser();
  for (const message of step.apply) {
    if (me) countMessage(message, me.id);
    // Leaving the outbox and entering the timeline happen in one task, so they are painted together.
    if (message.clientId !== undefined && message.senderId === me?.id) outbox.settle(message.clientId);
  }
  if (step.ask) void askChanges(roomId);
}

async function askChanges(roomId: string): Promise<void> {
  const stream = streams.get(roomId);
  if (!stream) return;
  try {
    const answer = await ask('room:changes', {
      roomId,
      since: stream.cursor,
      ...(epoch === undefined ? {} : { epoch }),
    });
    failures.delete(roomId);
    const now = streams.get(roomId);
    if (!now) return;
    learnUsers(answer.users);
    take(roomId, fold(now, answer));
  } catch (error) {
    const now = streams.get(roomId);
    if (!now) return;
    streams.set(roomId, giveUp(now));
    if (error instanceof Refusal && (error.code === 'not_found' || error.code === 'forbidden')) return;
    // Offline, the next `ready` asks again. On a living connection, ask again a little later.
    const failed = (failures.get(roomId) ?? 0) + 1;
    failures.set(roomId, failed);
    const told = error instanceof Refusal ? error.retryAfterMs : undefined;
    setTimeout(
      () => {
        const later = streams.get(roomId);
        if (later && useConn.getState().online) take(roomId, resume(later));
      },
      told ?? Math.min(500 * 2 ** failed, 15_000),
    );
  }
}

function onReady(ready: Ready): void {
  if (epoch !== undefined && epoch !== ready.epoch) {
    // The database was restored: what is cached may never have been. The outbox is ours, and stays.
    streams.clear();
    dropTimelines();
  }
  epoch = ready.epoch;
  setMe(ready.user);
  learnUsers([...ready.users, ready.user]);
  setMyRooms(ready.rooms);
  const present = new Set(ready.rooms.map(({ room }) => room.id));
  for (const roomId of streams.keys()) if (!present.has(roomId)) streams.delete(roomId);
  for (const { room } of ready.rooms) {
    const cached = isFetching(room.id) ? undefined : cachedRev(room.id);
    // Of a room that nobody looked at nothing is cached, so nothing is missing.
    const known = cached === undefined && !isFetching(room.id) ? undefined : streams.get(room.id);
    take(room.id, place(known, room.head, cached));
  }
}

function onMessage(event: MessageEvent): void {
  const { message, user } = event;
  learnUsers([user]);
  if (message.senderId !== undefined) stopTyping(message.roomId, message.senderId);
  const stream = streams.get(message.roomId) ?? { cursor: event.after, wanted: event.after, asking: false };
  const step = receive(stream, event);
  for (const applied of step.apply) followNotice(applied, user);
  take(message.roomId, step);
}

function onRoomUpdated({ room, membership }: RoomUpdated): void {
  applyRoom(room, membership);
  if (!membership) return;
  const stream = streams.get(room.id);
  take(room.id, place(stream, room.head, isFetching(room.id) ? undefined : cachedRev(room.id)));
  // Whoever comes back may see less than what they cached before.
  if (room.history === 'sinceJoin' && stream === undefined) dropTimelines(room.id);
}

function onRoomRemoved({ roomId, reason }: RoomRemoved): void {
  const mine = getMyRoom(roomId);
  streams.delete(roomId);
  outbox.dropRoom(roomId);
  dropRoom(roomId);
  dropMembers(roomId);
  if (reason === 'deleted' || mine?.room.kind !== 'public') dropTimelines(roomId);
}

function onSessionEnded({ reason }: SessionEnded): void {
  const own = reason === 'logged_out' || reason === 'account_deleted';
  leave(own ? undefined : reason);
}

let leaving = false;

/** The session is over: nothing of it stays in this page. What was typed stays for whoever logs in again as the same user. */
function leave(reason: SessionEnded['reason'] | undefined): void {
  if (leaving || currentUser() === null) return;
  leaving = true;
  closeSocket();
  streams.clear();
  epoch = undefined;
  useEnding.setState({ reason });
  forgetPresence();
  setMe(null);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' && queryKey[0] !== 'lobby' });
  leaving = false;
}

/**
 * Ends the session by one's own hand: logging out, deleting the account. Nothing is kept, also not what was typed: a new
 * page holds nothing of the old one. Where it cannot be ended now, the session goes on.
 */
export async function leaveForGood(end: () => Promise<unknown>): Promise<void> {
  leaving = true;
  closeSocket();
  try {
    await end();
  } catch (error) {
    leaving = false;
    goLive();
    throw error;
  }
  outbox.clear();
  dropDrafts();
  location.replace('/');
}

const signedOut = (): void => leave('expired');

/** Opens the live connection of who is logged in. */
export function goLive(): void {
  if (outboxOwner !== undefined && outboxOwner !== currentUser()?.id) {
    outbox.clear();
    dropDrafts();
  }
  outboxOwner = currentUser()?.id;
  useEnding.setState({ reason: undefined });
  let returned = false;
  void openSocket({
    signedOut,
    disconnected: () => {
      for (const [roomId, stream] of streams) streams.set(roomId, giveUp(stream));
    },
    on: {
      ready: (ready) => {
        // Who came and went meanwhile was not told.
        if (returned) forgetPresence();
        onReady(ready);
        // What changed there before this connection, on the way of the page or while it was away, was not told.
        refreshLobby();
        refreshMembers();
        returned = true;
      },
      message: onMessage,
      'room:updated': onRoomUpdated,
      'room:removed': onRoomRemoved,
      'room:read': ({ roomId, userId, seq }) => {
        if (userId === currentUser()?.id) setRead(roomId, seq, undefined);
      },
      'room:typing': ({ roomId, userId }) => {
        if (userId !== currentUser()?.id) noteTyping(roomId, userId);
      },
      presence: ({ userId, online }) => setPresent(userId, online),
      'user:updated': ({ user }) => {
        learnUsers([user]);
        renameMember(user);
        const me = currentUser();
        if (me?.id === user.id) setMe({ ...me, ...user });
      },
      lobby: applyLobbyEvent,
      'session:ended': onSessionEnded,
    },
  });
}

let outboxOwner: string | undefined;

/** Listens to what tells that the network or the page came back. */
export function startLive(page: Partial<Page>): void {
  epoch = page.epoch;
  whenSignedOut(signedOut);
  whenFetched(
    (roomId, hadStream, timeline) => {
      const last = timeline.messages.findLast(({ kind }) => kind !== 'hidden');
      if (last && !timeline.hasNewer) rememberLast(last);
      const stream = streams.get(roomId);
      if (hadStream || !stream) return;
      // The connection began while the page was under way: what lies between the two is asked for.
      const { rev } = timeline;
      if (rev < stream.cursor) {
        setTimeout(() =>
          take(roomId, resume({ ...stream, cursor: rev, wanted: Math.max(stream.wanted, stream.cursor) })),
        );
      }
    },
    (roomId) => streams.get(roomId)?.cursor,
  );
  useConn.subscribe((now, before) => {
    // After `ready` was taken in, which sets online.
    if (now.online && !before.online) outbox.resume();
  });
  const look = () => {
    const [roomId, stream] = [...streams][0] ?? [];
    if (!useConn.getState().online || roomId === undefined || !stream) {
      reconnectNow();
      return;
    }
    void probe(() => ask('room:changes', { roomId, since: stream.cursor, limit: 1 }, 4000));
  };
  addEventListener('online', look);
  addEventListener('pageshow', (event) => {
    if (event.persisted) look();
  });
  let hiddenAt = 0;
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') hiddenAt = Date.now();
    else if (Date.now() - hiddenAt > 10_000 || !useConn.getState().online) look();
  });
  addEventListener('beforeunload', (event) => {
    // The outbox lives in this page alone: leaving now would lose what was not sent.
    if (outbox.store.getState().entries.length > 0) event.preventDefault();
  });
}
