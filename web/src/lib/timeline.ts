import type { Message } from '../wire.gen';

/** What is cached of a room: messages by ascending seq. Hidden and deleted ones stay as marks, so that no older answer revives them. */
export interface Timeline {
  readonly messages: readonly Message[];
  /** Older messages exist that are not cached. */
  readonly hasOlder: boolean;
}

export const emptyTimeline: Timeline = { messages: [], hasOlder: false };

/** Of two states of one message the one with the higher rev is newer. On equal revs the one that knows its clientId stays. */
function newer(a: Message, b: Message): Message {
  if (a.rev !== b.rev) return a.rev > b.rev ? a : b;
  return b.clientId === undefined ? a : b;
}

/** Puts messages into a timeline, each by its seq; the newest rev of a seq wins, in whatever order they come. */
export function merge(timeline: Timeline, messages: readonly Message[]): Timeline {
  if (messages.length === 0) return timeline;
  const bySeq = new Map(timeline.messages.map((message) => [message.seq, message]));
  let changed = false;
  for (const message of messages) {
    const known = bySeq.get(message.seq);
    const kept = known ? newer(known, message) : message;
    if (kept === known) continue;
    // A clientId is told to the sender alone; a later state without it is still of the same sending.
    const clientId = kept.clientId ?? known?.clientId;
    bySeq.set(message.seq, clientId === undefined || clientId === kept.clientId ? kept : { ...kept, clientId });
    changed = true;
  }
  if (!changed) return timeline;
  return { ...timeline, messages: [...bySeq.values()].sort((a, b) => a.seq - b.seq) };
}

/**
 * A change that came live or by catching up. One of a message older than what is cached belongs to a page that was not
 * loaded yet, which will bring it in its newest state.
 */
export function applyChanges(timeline: Timeline, messages: readonly Message[]): Timeline {
  const oldest = timeline.messages[0]?.seq;
  const within =
    timeline.hasOlder && oldest !== undefined ? messages.filter((message) => message.seq >= oldest) : messages;
  return merge(timeline, within);
}

/** The newest page of history joins what is cached; where it does not reach that far back, it replaces it. */
export function mergeNewest(timeline: Timeline | undefined, page: { messages: Message[]; hasMore: boolean }): Timeline {
  const fresh = merge(emptyTimeline, page.messages);
  const newest = timeline?.messages.at(-1);
  const oldest = fresh.messages[0];
  if (!timeline || !newest || !oldest) return { ...merge(fresh, timeline?.messages ?? []), hasOlder: page.hasMore };
  if (page.hasMore && oldest.seq > newest.seq) return { ...fresh, hasOlder: true };
  const reachesBack = (timeline.messages[0]?.seq ?? 0) <= oldest.seq;
  return { ...merge(timeline, page.messages), hasOlder: reachesBack ? timeline.hasOlder : page.hasMore };
}

/** An older page of history goes in front. */
export function mergeOlder(timeline: Timeline, page: { messages: Message[]; hasMore: boolean }): Timeline {
  return { ...merge(timeline, page.messages), hasOlder: page.hasMore };
}

/** The highest rev in a timeline, undefined where nothing is cached. */
export function newestRev(timeline: Timeline | undefined): number | undefined {
  if (!timeline) return undefined;
  return timeline.messages.reduce((highest, message) => Math.max(highest, message.rev), 0);
}
