import { useQuery } from '@tanstack/react-query';
import type { Message, MessagesAnswer } from '../wire.gen';
import { api, type Place } from './api';
import { useConn } from './conn';
import { queryClient } from './queryClient';
import { getMyRoom } from './rooms';
import {
  applyChanges,
  around,
  cutOlder,
  reach,
  windowSize,
  withNewer,
  withNewest,
  withOlder,
  type Page,
  type Timeline,
} from './timeline';
import { learnUsers } from './users';

const messagesKey = (roomId: string) => ['messages', roomId] as const;

// Coming back to a room paints what is cached, however long ago that was; offline.ts lets go of what is too much.
queryClient.setQueryDefaults(['messages'], { gcTime: Infinity });

/** Messages in one page of history, as the page of the server has them: drawing more at once would be felt. Around a message, half of them are newer. */
const pageSize = 30;

/** Pages under way, by room. Changes that arrive meanwhile are put into the page too, so that none falls between. */
const underWay = new Map<string, Set<Message[]>>();

type Fetched = (roomId: string, hadStream: boolean, timeline: Timeline) => void;
let fetched: Fetched = () => undefined;
let streamRev: (roomId: string) => number | undefined = () => undefined;

/** The live connection learns of pages that were fetched while it may not have been listening yet. */
export function whenFetched(tell: Fetched, streams: (roomId: string) => number | undefined): void {
  fetched = tell;
  streamRev = streams;
}

/** Fetches a page and has it placed into what is cached then. */
async function fetchPage(
  roomId: string,
  place: Place,
  into: (timeline: Timeline | undefined, page: Page) => Timeline | undefined,
): Promise<Timeline | undefined> {
  const known = streamRev(roomId);
  // Before the stream begins, the list of rooms tells how far the server was at least.
  const rev = known ?? getMyRoom(roomId)?.room.head ?? 0;
  const arrivals: Message[] = [];
  const fetches = underWay.get(roomId) ?? new Set();
  underWay.set(roomId, fetches.add(arrivals));
  try {
    const answer = await api.messages(roomId, place, pageSize);
    // What was dropped meanwhile is not brought back by a page of before.
    if (underWay.get(roomId) !== fetches) return undefined;
    learnUsers(answer.users);
    const next = into(timelineOf(roomId), { ...answer, rev });
    if (!next) return undefined;
    const timeline = applyChanges(next, arrivals);
    fetched(roomId, known !== undefined, timeline);
    return timeline;
  } finally {
    fetches.delete(arrivals);
    if (fetches.size === 0 && underWay.get(roomId) === fetches) underWay.delete(roomId);
  }
}

const keep = (roomId: string, timeline: Timeline | undefined): void => {
  if (timeline) queryClient.setQueryData(messagesKey(roomId), timeline);
};

/** The first window: where the reader left off, or the present where nothing is unread or it is near. */
async function fetchFirst(roomId: string): Promise<Timeline> {
  const mine = getMyRoom(roomId);
  const left = mine && mine.unread > 0 ? mine.membership.readSeq : undefined;
  const newest = left !== undefined && (mine?.unread ?? 0) >= pageSize ? undefined : await fetchNewest(roomId);
  if (newest && (left === undefined || reachesBackTo(newest, left))) return newest;
  // Without a page something else has come meanwhile: a `reset`.
  return (
    timelineOf(roomId) ??
    (await fetchAround(roomId, left ?? 0)) ??
    timelineOf(roomId) ??
    newest ??
    withNewest(undefined, { messages: [], hasMore: false, rev: 0 })
  );
}

/** Whether the window tells what comes right after a message. */
export const reachesBackTo = ({ messages, hasOlder }: Timeline, seq: number): boolean =>
  !hasOlder || (messages[0] !== undefined && messages[0].seq <= seq);

const fetchNewest = (roomId: string) => fetchPage(roomId, {}, withNewest);

const fetchAround = (roomId: string, seq: number) =>
  // The contract's `around` begins at 1: whoever has read nothing is shown the beginning.
  fetchPage(roomId, { around: Math.max(seq, 1) }, (_, page) => around(page, Math.max(seq, 1), pageSize / 2));

/** A room's messages, for its members. */
export function useTimeline(roomId: string) {
  return useQuery({ queryKey: messagesKey(roomId), queryFn: () => fetchFirst(roomId) });
}

export const timelineOf = (roomId: string): Timeline | undefined =>
  queryClient.getQueryData<Timeline>(messagesKey(roomId));

export const cachedRev = (roomId: string): number | undefined => timelineOf(roomId)?.rev;

export const isFetching = (roomId: string): boolean => underWay.has(roomId);

/** What the page brought: the newest messages, or those around where the reader left off. */
export function seedTimeline(roomId: string, answer: MessagesAnswer, head: number, from: number | undefined): void {
  learnUsers(answer.users);
  const page = { ...answer, rev: head };
  keep(roomId, from === undefined ? withNewest(undefined, page) : around(page, from, pageSize / 2));
}

/** A window that an earlier page kept, where nothing newer is cached or on its way. Tells whether it was taken. */
export function restoreTimeline(roomId: string, timeline: Timeline): boolean {
  if (timelineOf(roomId) !== undefined || isFetching(roomId)) return false;
  keep(roomId, timeline);
  return true;
}

/** Changes from the stream, which is complete up to `rev`; or, without it, a message from an acknowledgement. */
export function putMessages(roomId: string, messages: readonly Message[], rev = 0): void {
  for (const arrivals of underWay.get(roomId) ?? []) arrivals.push(...messages);
  queryClient.setQueryData<Timeline>(
    messagesKey(roomId),
    (timeline) => timeline && reach(applyChanges(timeline, messages), rev),
  );
}

/** `reset`: what was cached is dropped, and the newest page takes its place. */
export function resetTimeline(roomId: string, messages: readonly Message[], rev: number): void {
  if (timelineOf(roomId) === undefined && !isFetching(roomId)) return;
  // A page of before may lie far from this one, and does not know what changed since.
  underWay.delete(roomId);
  const hasMore = (messages[0]?.seq ?? 0) > 1;
  keep(roomId, withNewest(undefined, { messages, hasMore, rev }));
}

/** Everything of one room, or of all of them. Open rooms fetch anew. */
export function dropTimelines(roomId?: string): void {
  if (roomId === undefined) underWay.clear();
  else underWay.delete(roomId);
  void queryClient.resetQueries({ queryKey: roomId === undefined ? ['messages'] : messagesKey(roomId) });
}

/**
 * Before a room is opened again: a window on its past is not where its reader wants to arrive. Without a connection it is
 * what there is; and where there is none yet, it is what the page brought.
 */
export function forgetPast(roomId: string): void {
  const timeline = timelineOf(roomId);
  if (timeline?.hasNewer && useConn.getState().online)
    queryClient.removeQueries({ queryKey: messagesKey(roomId), exact: true });
  else if (timeline) keep(roomId, cutOlder(timeline, Infinity));
}

/** A conversation that goes on and on lets go of what is far above: older than `far`. */
export function cutPast(roomId: string, far: number): void {
  const timeline = timelineOf(roomId);
  if (timeline && timeline.messages.length > 2 * windowSize) keep(roomId, cutOlder(timeline, far));
}

const loading = new Map<string, Promise<void>>();

/** One at a time of each kind and room: who asks meanwhile gets the same answer. */
function once(key: string, load: () => Promise<Timeline | undefined>, roomId: string): Promise<void> {
  const running = loading.get(key);
  if (running) return running;
  const promise = load()
    .then((timeline) => keep(roomId, timeline))
    .finally(() => loading.delete(key));
  loading.set(key, promise);
  return promise;
}

/** Fetches the page before the window. What is newer than `far` is out of the reader's sight. */
export function loadOlder(roomId: string, far?: number): Promise<void> {
  const timeline = timelineOf(roomId);
  const oldest = timeline?.messages[0];
  if (!timeline?.hasOlder || !oldest) return Promise.resolve();
  return once(
    `older ${roomId}`,
    () =>
      fetchPage(roomId, { before: oldest.seq }, (now, page) =>
        // Where the window moved meanwhile, this page belongs to nothing.
        now?.messages[0]?.seq === oldest.seq ? withOlder(now, page, far) : undefined,
      ),
    roomId,
  );
}

/** Fetches the page after the window. What is older than `far` is out of the reader's sight. */
export function loadNewer(roomId: string, far?: number): Promise<void> {
  const timeline = timelineOf(roomId);
  const newest = timeline?.messages.at(-1);
  if (!timeline?.hasNewer || !newest) return Promise.resolve();
  return once(
    `newer ${roomId}`,
    () =>
      fetchPage(roomId, { after: newest.seq }, (now, page) =>
        now?.hasNewer && now.messages.at(-1)?.seq === newest.seq ? withNewer(now, page, far) : undefined,
      ),
    roomId,
  );
}

/** Moves the window to the present. */
export const loadNewest = (roomId: string): Promise<void> =>
  once(`newest ${roomId}`, () => fetchNewest(roomId), roomId);

/** Moves the window to where the reader had read up to. */
export const loadAround = (roomId: string, seq: number): Promise<void> =>
  once(`around ${roomId}`, () => fetchAround(roomId, seq), roomId);
