import { useQuery } from '@tanstack/react-query';
import type { Message, MessagesAnswer } from '../wire.gen';
import { api } from './api';
import { queryClient } from './queryClient';
import { applyChanges, emptyTimeline, mergeNewest, mergeOlder, newestRev, type Timeline } from './timeline';
import { learnUsers } from './users';

const messagesKey = (roomId: string) => ['messages', roomId] as const;

/** Changes that arrive while the first page is on its way: they are merged into it, so that none falls between. */
const arrivals = new Map<string, Message[]>();

type FirstPage = (roomId: string, hadStream: boolean, timeline: Timeline) => void;
let firstPage: FirstPage = () => undefined;
let hasStream: (roomId: string) => boolean = () => false;

/** The live connection learns of pages that were fetched while it may not have been listening yet. */
export function whenFetched(tell: FirstPage, streams: (roomId: string) => boolean): void {
  firstPage = tell;
  hasStream = streams;
}

async function fetchNewest(roomId: string): Promise<Timeline> {
  const hadStream = hasStream(roomId);
  arrivals.set(roomId, []);
  try {
    const page = await api.messages(roomId);
    learnUsers(page.users);
    const timeline = applyChanges(mergeNewest(timelineOf(roomId), page), arrivals.get(roomId) ?? []);
    firstPage(roomId, hadStream, timeline);
    return timeline;
  } finally {
    arrivals.delete(roomId);
  }
}

/** A room's messages, for its members. */
export function useTimeline(roomId: string) {
  return useQuery({ queryKey: messagesKey(roomId), queryFn: () => fetchNewest(roomId) });
}

export const timelineOf = (roomId: string): Timeline | undefined =>
  queryClient.getQueryData<Timeline>(messagesKey(roomId));

export const cachedRev = (roomId: string): number | undefined => newestRev(timelineOf(roomId));

export const isFetching = (roomId: string): boolean => arrivals.has(roomId);

export function seedTimeline(roomId: string, page: MessagesAnswer): void {
  learnUsers(page.users);
  queryClient.setQueryData(messagesKey(roomId), mergeNewest(undefined, page));
}

/** Changes from the stream, or a message from an acknowledgement: both are merged by rev. */
export function putMessages(roomId: string, messages: readonly Message[]): void {
  arrivals.get(roomId)?.push(...messages);
  queryClient.setQueryData<Timeline>(messagesKey(roomId), (timeline) => timeline && applyChanges(timeline, messages));
}

/** `reset`: what was cached is dropped, and the newest page takes its place. */
export function resetTimeline(roomId: string, messages: readonly Message[]): void {
  if (timelineOf(roomId) === undefined && !arrivals.has(roomId)) return;
  arrivals.get(roomId)?.splice(0);
  const page = { messages: [...messages], hasMore: messages.length > 0 && (messages[0]?.seq ?? 0) > 1 };
  queryClient.setQueryData(messagesKey(roomId), mergeNewest(undefined, page));
}

/** Everything of one room, or of all of them. Open rooms fetch anew. */
export function dropTimelines(roomId?: string): void {
  void queryClient.resetQueries({ queryKey: roomId === undefined ? ['messages'] : messagesKey(roomId) });
}

const older = new Map<string, Promise<void>>();

/** Fetches the page before the oldest cached message, once at a time. */
export function loadOlder(roomId: string): Promise<void> {
  const running = older.get(roomId);
  if (running) return running;
  const timeline = timelineOf(roomId) ?? emptyTimeline;
  const oldest = timeline.messages[0];
  if (!timeline.hasOlder || !oldest) return Promise.resolve();
  const loading = api
    .messages(roomId, oldest.seq)
    .then((page) => {
      learnUsers(page.users);
      queryClient.setQueryData<Timeline>(messagesKey(roomId), (now) => {
        // Where the cache was dropped meanwhile, this page belongs to nothing.
        if (now?.messages[0]?.seq !== oldest.seq) return now;
        return mergeOlder(now, page);
      });
    })
    .finally(() => older.delete(roomId));
  older.set(roomId, loading);
  return loading;
}
