import type { Member, Message, User } from '../wire.gen';
import { api } from './api';
import { useConn } from './conn';
import { lobbyNow } from './lobby';
import { membersOf } from './members';
import { cutPast, timelineOf } from './messages';
import { claimCopy, mostRooms, wipeCopy, writeCopy, type KeptRoom, type Lists } from './offlineStore';
import { queryClient } from './queryClient';
import { getMyRoom, getMyRooms } from './rooms';
import { currentUser } from './session';
import { withNewest, type Timeline } from './timeline';
import { learnUsers, usersNow } from './users';

/**
 * Keeps a copy of what was read last, for when there is no connection: the lists, and the newest messages of the rooms
 * that were open last. It looks on at the cache and writes after it, at leisure; nothing on the screen waits for it.
 */

/** So many messages of each room. */
const newest = 100;
/** Changes gather this long between two writes. */
let rest = 1500;

interface Live {
  /** Of the server's database, as far as the connection knows it. */
  epoch: () => string | undefined;
  /** Takes a room's messages of an earlier page into the cache, and has what happened since asked for. */
  restore: (roomId: string, timeline: Timeline) => void;
}

/** What the page began with: a visitor's page of the server, a user's, or the copy itself. */
export type Start = 'visitor' | 'page' | 'copy';

let live: Live | undefined;
let start: Start = 'page';
let copy: { id: string; userId: string; epoch: string } | undefined;
/** Counts claims and ends: what was begun for an older one stops. */
let turn = 0;
let lists = false;
const changed = new Set<string>();
/** The newest messages of rooms that are open on their past; undefined while they are asked for. */
const aside = new Map<string, Timeline | undefined>();
/** Rooms whose copy is of an earlier membership. */
const outdated = new Set<string>();
/** When a room was last open. */
const openAt = new Map<string, number>();
/** People as the copy knows them. They may have another name or photo by now, and nobody tells unasked. */
const doubtful = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;
let writing: Promise<void> = Promise.resolve();

/** Begins to keep. Whoever is nobody, as the server says, leaves nothing behind. */
export function keepOffline(port: Live, beganWith: Start, every = rest): () => void {
  live = port;
  rest = every;
  start = beganWith;
  const stop = queryClient.getQueryCache().subscribe((event) => {
    const [kind, roomId] = event.query.queryKey as readonly unknown[];
    if (event.type === 'observerAdded') {
      if (kind === 'messages' && typeof roomId === 'string') touch(roomId);
      return;
    }
    if (event.type !== 'updated' || event.action.type !== 'success') return;
    if (kind === 'me') follow();
    else if (kind === 'my-rooms' || kind === 'lobby') lists = true;
    else if ((kind === 'messages' || kind === 'members') && typeof roomId === 'string') changed.add(roomId);
    else return;
    later();
  });
  const hide = () => {
    if (document.visibilityState === 'hidden') void writeNow();
  };
  document.addEventListener('visibilitychange', hide);
  const offline = useConn.subscribe(({ online }) => {
    if (online) void askWho();
  });
  if (start === 'visitor') wipe().catch(() => undefined);
  else follow();
  return () => {
    stop();
    offline();
    document.removeEventListener('visibilitychange', hide);
    end();
  };
}

function end(): void {
  turn += 1;
  copy = undefined;
  clearTimeout(timer);
  timer = undefined;
  changed.clear();
  aside.clear();
  outdated.clear();
  openAt.clear();
  doubtful.clear();
}

/** The session is over: nothing of it stays, and nothing of it is written any more. */
export async function wipe(userId?: string): Promise<void> {
  end();
  await wipeCopy(userId);
}

/** Who is logged in, and what the server's database is, decides whose copy it is. */
function follow(): void {
  const userId = currentUser()?.id;
  const epoch = live?.epoch();
  if (userId === undefined || epoch === undefined) return;
  if (copy?.userId === userId && copy.epoch === epoch) {
    lists = true;
    later();
    return;
  }
  end();
  const mine = turn;
  claimCopy({ userId, epoch }).then(
    ({ id, rooms }) => {
      if (turn !== mine) return;
      copy = { id, userId, epoch };
      for (const room of rooms) restore(room);
      lists = true;
      for (const roomId of cachedRooms()) {
        changed.add(roomId);
        if (isOpen(roomId)) openAt.set(roomId, Date.now());
      }
      later();
      void askWho();
    },
    // Nothing can be kept: reading without a connection is then not to be had.
    () => undefined,
  );
}

/** Of what is too far behind, the newest page says more than all the changes since. */
function restore({ roomId, joinedAt, at, timeline, users }: KeptRoom): void {
  const mine = getMyRoom(roomId);
  if (mine?.membership.joinedAt !== joinedAt) {
    outdated.add(roomId);
    return;
  }
  if (!openAt.has(roomId)) openAt.set(roomId, at);
  if (start === 'page' && mine.room.head - timeline.rev > newest) return;
  const known = usersNow();
  const unknown = start === 'page' ? users.filter(({ id }) => known[id] === undefined) : users;
  for (const { id } of unknown) doubtful.add(id);
  if (start === 'page') learnUsers(unknown);
  live?.restore(roomId, timeline);
}

/** Has the server say who those are whom the copy names. */
async function askWho(): Promise<void> {
  const mine = turn;
  while (doubtful.size > 0 && useConn.getState().online) {
    const ids = [...doubtful].slice(0, 100);
    const answer = await api.users(ids).catch(() => undefined);
    // The next connection asks again.
    if (!answer || turn !== mine) return;
    learnUsers(answer.users);
    for (const id of ids) doubtful.delete(id);
  }
}

const cachedRooms = (): string[] =>
  queryClient
    .getQueryCache()
    .findAll({ queryKey: ['messages'] })
    .map(({ queryKey }) => String(queryKey[1]));

const isOpen = (roomId: string): boolean =>
  queryClient
    .getQueryCache()
    .find({ queryKey: ['messages', roomId] })
    ?.isActive() ?? false;

function touch(roomId: string): void {
  openAt.set(roomId, Date.now());
  changed.add(roomId);
  later();
}

function later(): void {
  if (copy) timer ??= setTimeout(() => void writeNow(), rest);
}

/** Writes what changed. One write at a time: a later one is never overtaken. */
function writeNow(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  writing = writing.then(write);
  return writing;
}

async function write(): Promise<void> {
  const mine = copy;
  if (!mine || (!lists && changed.size === 0)) return;
  tidyMemory();
  const rooms = [...changed].flatMap((roomId) => keptRoom(roomId) ?? []);
  for (const roomId of changed) void askNewest(roomId);
  const around = lists ? listsNow() : undefined;
  changed.clear();
  lists = false;
  for (const { roomId } of rooms) outdated.delete(roomId);
  const wanted = new Set(getMyRooms().flatMap(({ room }) => (outdated.has(room.id) ? [] : room.id)));
  try {
    const written = await writeCopy(mine.id, around, rooms, wanted);
    // Another tab ended the session, or another user began one: it is not ours to write any more.
    if (!written && copy === mine) end();
  } catch {
    // Written with what changes next.
    if (copy !== mine) return;
    lists ||= around !== undefined;
    for (const { roomId } of rooms) changed.add(roomId);
  }
}

/** What is cached stays cached; but not more rooms than are kept, nor more of each than one window or two. */
function tidyMemory(): void {
  const away = cachedRooms().filter((roomId) => !isOpen(roomId));
  away.sort((a, b) => (openAt.get(b) ?? 0) - (openAt.get(a) ?? 0));
  for (const roomId of away.slice(mostRooms)) {
    queryClient.removeQueries({ queryKey: ['messages', roomId], exact: true });
    changed.delete(roomId);
  }
  for (const roomId of away.slice(0, mostRooms)) cutPast(roomId, Infinity);
}

function listsNow(): Lists | undefined {
  const user = currentUser();
  if (!user) return undefined;
  const rooms = getMyRooms();
  const named = rooms.flatMap(({ room, last }) => [room.peer?.userId, ...(last ? namesIn(last) : [])]);
  return { user, rooms, categories: lobbyNow(), users: usersOf(named) };
}

/** A room that is open on its past, where its reader left off, has its newest messages elsewhere. */
function keptRoom(roomId: string): KeptRoom | undefined {
  const cached = timelineOf(roomId);
  const mine = getMyRoom(roomId);
  if (cached?.hasNewer === false) aside.delete(roomId);
  const timeline = cached?.hasNewer ? aside.get(roomId) : cached;
  if (!timeline || !mine) return undefined;
  const messages = timeline.messages.slice(-newest);
  const hasOlder = timeline.hasOlder || messages.length < timeline.messages.length;
  const members: Member[] | undefined = membersOf(roomId);
  return {
    roomId,
    joinedAt: mine.membership.joinedAt,
    at: isOpen(roomId) ? Date.now() : (openAt.get(roomId) ?? 0),
    timeline: { messages, hasOlder, hasNewer: false, rev: timeline.rev },
    users: usersOf(messages.flatMap(namesIn)),
    ...(members ? { members } : {}),
  };
}

/** Asks for the newest messages of a room that is open on its past, once. */
async function askNewest(roomId: string): Promise<void> {
  const mine = getMyRoom(roomId);
  if (!mine || aside.has(roomId) || !timelineOf(roomId)?.hasNewer) return;
  const was = turn;
  aside.set(roomId, undefined);
  // Whatever was heard of before is in the answer.
  const rev = mine.room.head;
  const page = await api.messages(roomId, {}, newest).catch(() => undefined);
  if (turn !== was) return;
  if (!page) {
    aside.delete(roomId);
    return;
  }
  learnUsers(page.users);
  aside.set(roomId, withNewest(undefined, { ...page, rev }));
  changed.add(roomId);
  later();
}

const namesIn = ({ senderId, event }: Message): (string | undefined)[] => [senderId, event?.userId, event?.byUserId];

function usersOf(ids: readonly (string | undefined)[]): User[] {
  const known = usersNow();
  return [...new Set(ids)].flatMap((id) => (id === undefined ? [] : (known[id] ?? [])));
}
