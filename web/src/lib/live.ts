import { useSyncExternalStore } from 'react';
import type {
  Message,
  MessageEvent,
  Page,
  Ready,
  RoomRemoved,
  RoomUpdated,
  SendEvent,
  SessionEnded,
} from '../wire.gen';
import { api, refreshSession, whenSignedOut } from './api';
import { useConn } from './conn';
import { fold, giveUp, place, receive, resume, type Step, type Stream } from './cursor';
import { freezeDatabase, offlineName, thawDatabase } from './database';
import { closeDrafts, openDrafts, wipeDrafts, writeDrafts } from './drafts';
import { dropGallery, followImages } from './gallery';
import { holdLock, whenGone } from './lease';
import { applyLobbyEvent, refreshLobby } from './lobby';
import { dropMembers, followNotice, refreshMembers, renameMember } from './members';
import {
  cachedRev,
  dropTimelines,
  isFetching,
  putMessages,
  resetTimeline,
  restoreTimeline,
  whenFetched,
} from './messages';
import { Outbox } from './outbox';
import type { News } from './outboxPorts';
import { DiskStore } from './outboxStore';
import { NoAnswer, Refusal } from './problem';
import { cancelUpload, releasePhoto, uploaded } from './photos';
import { queryClient } from './queryClient';
import { applyRoom, countMessage, dropRoom, getMyRoom, rememberLast, setMyRooms, setRead } from './rooms';
import { currentUser, setMe, useEnding } from './session';
import { ask, closeSocket, openSocket, probe } from './socket';
import type { Timeline } from './timeline';
import { dropTrays } from './tray';
import { noteTyping, stopTyping } from './typing';
import { forgetPresence, learnUsers, setPresent } from './users';

/** The one place where the socket's events meet the cache. */

let epoch: string | undefined;
const streams = new Map<string, Stream>();
/** How often in a row a room's question failed while connected. */
const failures = new Map<string, number>();

/** A connection that does not come within this time may never: a network that lets nothing but plain requests through. */
const patience = 3000;

type Told = News | { kind: 'left' };

/** Tells the other tabs of this user. */
let tabs: BroadcastChannel | undefined;

export const outbox = new Outbox({
  upload: uploaded,
  cancelUpload,
  send,
  sent: (message) => putMessages(message.roomId, [message]),
  reachable: () => {
    const { online, since } = useConn.getState();
    return online || (since !== undefined && Date.now() - since >= patience && navigator.onLine);
  },
  renew: async () => {
    if (!(await refreshSession())) signedOut();
  },
  tell: (news) => tabs?.postMessage(news),
  holdLock,
  whenGone,
});

// What left the outbox, sent or not, needs its photos no more. A tab that shows them may do so for a little longer.
outbox.store.subscribe(({ entries }, { entries: before }) => {
  const still = new Set(entries.flatMap(({ photos }) => photos?.map(({ key }) => key) ?? []));
  for (const { key } of before.flatMap(({ photos }) => photos ?? [])) {
    if (still.has(key)) continue;
    cancelUpload(key);
    releasePhoto(key, 60_000);
  }
});

async function send({ roomId, ...message }: SendEvent): Promise<Message> {
  if (useConn.getState().online) return (await ask('message:send', { roomId, ...message })).message;
  // All tabs share their cookies: somebody else may have logged in in another one.
  const { user } = await api.me();
  if (user.id !== currentUser()?.id) {
    changeHands();
    throw new NoAnswer('another user');
  }
  return (await api.send(roomId, message)).message;
}

/** The cookies are another user's now, and so is the page. */
function changeHands(): void {
  outbox.close();
  closeSocket();
  location.reload();
}

export function useOutgoing() {
  return useSyncExternalStore(outbox.store.subscribe, () => outbox.store.getState().entries);
}

function take(roomId: string, step: Step): void {
  streams.set(roomId, step.stream);
  if (step.reset) {
    resetTimeline(roomId, step.apply, step.stream.cursor);
    dropGallery(roomId);
  } else if (step.apply.length > 0) putMessages(roomId, step.apply, step.stream.cursor);
  const me = currentUser();
  for (const message of step.apply) {
    followImages(message);
    if (me) countMessage(message, me.id);
    // Leaving the outbox and entering the timeline happen in one task, so they are painted together.
    if (message.clientId !== undefined && message.senderId === me?.id) outbox.settle(message.clientId);
  }
  if (step.ask) void askChanges(roomId);
}

/** What is cached is complete up to `rev` only: what lies between that and the stream is asked for. */
function catchUp(roomId: string, stream: Stream, rev: number): void {
  if (rev >= stream.cursor) return;
  take(roomId, resume({ ...stream, cursor: rev, wanted: Math.max(stream.wanted, stream.cursor) }));
}

/** Takes what an earlier page kept of a room. The server's word is newer: what happened since is asked for. */
export function restoreRoom(roomId: string, timeline: Timeline): void {
  const stream = streams.get(roomId);
  if (restoreTimeline(roomId, timeline) && stream) catchUp(roomId, stream, timeline.rev);
}

export const currentEpoch = (): string | undefined => epoch;

async function askChanges(roomId: string): Promise<void> {
  const since = streams.get(roomId)?.cursor;
  if (since === undefined) return;
  try {
    const answer = await ask('room:changes', {
      roomId,
      since,
      ...(epoch === undefined ? {} : { epoch }),
    });
    failures.delete(roomId);
    const now = streams.get(roomId);
    if (!now) return;
    learnUsers(answer.users);
    // Something older was cached meanwhile: this answer begins too late, and would leave a hole.
    if (now.cursor < since && !answer.reset) take(roomId, resume(giveUp(now)));
    else take(roomId, fold(now, answer));
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

function onReady(ready: Ready, soughtAt: string): void {
  if (epoch !== undefined && epoch !== ready.epoch) {
    // The database was restored: what is cached may never have been. The outbox is ours, and stays.
    streams.clear();
    dropTimelines();
    dropGallery();
  }
  epoch = ready.epoch;
  setMe(ready.user);
  learnUsers([...ready.users, ready.user]);
  for (const { room, membership } of ready.rooms) {
    const before = getMyRoom(room.id)?.membership.joinedAt ?? membership.joinedAt;
    // Left and joined again elsewhere: of before one may see nothing any more.
    if (room.history === 'all' || before === membership.joinedAt) continue;
    streams.delete(room.id);
    dropTimelines(room.id);
  }
  setMyRooms(ready.rooms);
  const present = new Set(ready.rooms.map(({ room }) => room.id));
  for (const roomId of streams.keys()) if (!present.has(roomId)) streams.delete(roomId);
  // A room that was entered in another tab after this connection was sought is not missing.
  outbox.dropRooms((roomId, at) => !present.has(roomId) && at < soughtAt);
  for (const { room } of ready.rooms) {
    const cached = cachedRev(room.id);
    // Of a room that nobody looked at nothing is cached, so nothing is missing.
    const known = cached === undefined && !isFetching(room.id) ? undefined : streams.get(room.id);
    // Its images may be cached for longer than its messages, and nobody asks what they missed.
    if (cached === undefined && !isFetching(room.id)) dropGallery(room.id);
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
  take(room.id, place(stream, room.head, cachedRev(room.id)));
  // Whoever comes back may see less than what they cached before.
  if (room.history === 'sinceJoin' && stream === undefined) dropTimelines(room.id);
}

function onRoomRemoved({ roomId, reason }: RoomRemoved): void {
  const mine = getMyRoom(roomId);
  streams.delete(roomId);
  outbox.dropRooms((gone) => gone === roomId);
  dropRoom(roomId);
  dropMembers(roomId);
  dropGallery(roomId);
  if (reason === 'deleted' || mine?.room.kind !== 'public') dropTimelines(roomId);
}

function onSessionEnded({ reason }: SessionEnded): void {
  if (reason === 'logged_out' || reason === 'account_deleted') leftElsewhere();
  else leave(reason);
}

/** Another tab ended the session by hand. It wiped everything; this is what it could not know of. */
function leftElsewhere(): void {
  outbox.dropRooms(() => true);
  void wipeDrafts();
  leave(undefined);
}

/** The copy that is read without a connection goes with the session, whoever ended it. */
async function wipeOffline(userId: string | undefined): Promise<void> {
  try {
    await (await import('./offline')).wipe(userId);
  } catch {
    // Its own code did not come.
    if ('indexedDB' in window) indexedDB.deleteDatabase(offlineName);
  }
}

let leaving = false;

/** The session is over: nothing of it stays in this page. What was typed stays for whoever logs in again as the same user. */
function leave(reason: SessionEnded['reason'] | undefined): void {
  const me = currentUser();
  if (leaving || me === null) return;
  leaving = true;
  void wipeOffline(me.id);
  closeSocket();
  outbox.close();
  closeDrafts();
  dropTrays();
  tabs?.close();
  tabs = undefined;
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
  // A tab without a connection is told by nobody else.
  tabs?.postMessage({ kind: 'left' } satisfies Told);
  await Promise.all([outbox.wipe(), wipeDrafts(), wipeOffline(currentUser()?.id)]);
  location.replace('/');
}

const signedOut = (): void => leave('expired');

/** Opens the live connection of who is logged in. */
export function goLive(): void {
  const userId = currentUser()?.id;
  if (userId !== undefined) {
    tabs?.close();
    tabs = 'BroadcastChannel' in window ? new BroadcastChannel(`maru ${userId}`) : undefined;
    tabs?.addEventListener('message', ({ data }: { data: Told }) =>
      data.kind === 'left' ? leftElsewhere() : outbox.hear(data),
    );
    outbox.open(new DiskStore(userId));
    void openDrafts(userId);
  }
  useEnding.setState({ reason: undefined });
  let returned = false;
  void openSocket({
    signedOut,
    disconnected: () => {
      for (const [roomId, stream] of streams) streams.set(roomId, giveUp(stream));
    },
    on: {
      ready: (ready, soughtAt) => {
        if (currentUser() && currentUser()?.id !== ready.user.id) {
          changeHands();
          return;
        }
        // Who came and went meanwhile was not told.
        if (returned) forgetPresence();
        onReady(ready, soughtAt);
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
        if (me?.id !== user.id) return;
        // A photo that is not there any more is not told: it is missing.
        const { photo: _, ...rest } = me;
        setMe({ ...rest, ...user });
      },
      lobby: applyLobbyEvent,
      'session:ended': onSessionEnded,
    },
  });
}

/** Listens to what tells that the network or the page came back. */
export function startLive(page: Partial<Page>): void {
  epoch = page.epoch;
  whenSignedOut(signedOut);
  whenFetched(
    (roomId, hadStream, timeline) => {
      const last = timeline.messages.findLast(({ kind }) => kind !== 'hidden');
      if (last && !timeline.hasNewer) rememberLast(last);
      const me = currentUser()?.id;
      // Also what was taken for failed.
      for (const { clientId, senderId } of timeline.messages) {
        if (clientId !== undefined && senderId === me) outbox.settle(clientId);
      }
      // The connection began while the page was under way: what lies between the two is asked for.
      const stream = streams.get(roomId);
      if (!hadStream && stream) setTimeout(() => catchUp(roomId, stream, timeline.rev));
    },
    (roomId) => streams.get(roomId)?.cursor,
  );
  useConn.subscribe((now, before) => {
    // After `ready` was taken in, which sets online.
    if (now.online && !before.online) outbox.resume();
    if (now.since !== undefined && now.since !== before.since) setTimeout(() => outbox.resume(), patience + 50);
  });
  const look = () => {
    thawDatabase();
    outbox.wake();
    outbox.resume();
    const [roomId, stream] = [...streams][0] ?? ['none', undefined];
    // Any answer will do, also that there is no such room.
    void probe(() => ask('room:changes', { roomId, since: stream?.cursor ?? 0, limit: 1 }, 4000));
  };
  const rest = () => {
    outbox.rest();
    void writeDrafts();
  };
  addEventListener('online', look);
  addEventListener('pagehide', rest);
  document.addEventListener('freeze', () => {
    freezeDatabase();
    outbox.rest();
  });
  document.addEventListener('resume', look);
  addEventListener('pageshow', (event) => {
    if (event.persisted) look();
  });
  let hiddenAt = 0;
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') {
      hiddenAt = Date.now();
      void writeDrafts();
    } else if (Date.now() - hiddenAt > 10_000 || !useConn.getState().online) look();
  });
  // A machine that slept tells nobody; its clock does.
  let seenAt = Date.now();
  setInterval(() => {
    const slept = Date.now() - seenAt > 20_000;
    seenAt = Date.now();
    if (slept && document.visibilityState === 'visible') look();
  }, 5000);
  addEventListener('beforeunload', (event) => {
    if (outbox.atRisk) event.preventDefault();
  });
}
