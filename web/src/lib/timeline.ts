import type { Message } from '../wire.gen';

/**
 * A window on a room's history: messages by ascending seq, without a hole. Hidden and deleted ones stay as marks, so that
 * no older answer revives them.
 */
export interface Timeline {
  readonly messages: readonly Message[];
  /** Older messages exist that are not in the window. */
  readonly hasOlder: boolean;
  /** Newer ones may: the window does not reach the present. */
  readonly hasNewer: boolean;
  /** Every change up to this rev is in it, as far as it concerns the window. */
  readonly rev: number;
}

/** A page of history, with the highest rev that was known when it was asked for. */
export interface Page {
  readonly messages: readonly Message[];
  readonly hasMore: boolean;
  readonly rev: number;
}

/** A window holds about this many messages; what lies further away is dropped, and asked for when it is scrolled to. */
export const windowSize = 200;

export const emptyTimeline: Timeline = { messages: [], hasOlder: false, hasNewer: false, rev: 0 };

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

/** A change that came live, by catching up or in an acknowledgement. Outside the window the page will bring its newest state. */
export function applyChanges(timeline: Timeline, messages: readonly Message[]): Timeline {
  const oldest = timeline.messages[0]?.seq ?? 0;
  const newest = timeline.messages.at(-1)?.seq ?? 0;
  return merge(
    timeline,
    messages.filter(({ seq }) => (seq >= oldest || !timeline.hasOlder) && (seq <= newest || !timeline.hasNewer)),
  );
}

/** The stream came to a rev: what it brought was applied. */
export const reach = (timeline: Timeline, rev: number): Timeline =>
  rev > timeline.rev ? { ...timeline, rev } : timeline;

const fresh = ({ messages, rev }: Page): Timeline =>
  merge({ ...emptyTimeline, rev: newestRev(messages, rev) }, messages);

/** A page is of one moment: whatever has a rev up to the highest in it is in it. */
const newestRev = (messages: readonly Message[], known: number): number =>
  messages.reduce((highest, { rev }) => Math.max(highest, rev), known);

/** The newest page joins the window; where there is a hole between them, it is the window. */
export function withNewest(timeline: Timeline | undefined, page: Page): Timeline {
  const next = { ...fresh(page), hasOlder: page.hasMore };
  const [first, last] = [timeline?.messages[0], timeline?.messages.at(-1)];
  const oldest = next.messages[0];
  if (!timeline || !first || !last || !oldest || (page.hasMore && oldest.seq > last.seq)) return next;
  const joined = { ...merge(timeline, page.messages), hasNewer: false };
  return first.seq <= oldest.seq ? joined : { ...joined, hasOlder: page.hasMore };
}

/** A page around a message is a window of its own. `half`: so many newer ones were asked for. */
export function around(page: Page, seq: number, half: number): Timeline {
  const after = page.messages.filter((message) => message.seq > seq).length;
  return { ...fresh(page), hasOlder: page.hasMore, hasNewer: after >= half };
}

/** An older page goes in front. What is newer than `far` is out of sight, and let go where the window grows too large. */
export function withOlder(timeline: Timeline, page: Page, far = Infinity): Timeline {
  const next = { ...merge(timeline, page.messages), hasOlder: page.hasMore };
  const near = next.messages.findIndex(({ seq }) => seq > far);
  const kept = Math.max(windowSize, near < 0 ? Infinity : near);
  if (next.messages.length <= kept) return next;
  return { ...next, messages: next.messages.slice(0, kept), hasNewer: true };
}

/** A newer page comes below. What is older than `far` is out of sight, and let go where the window grows too large. */
export const withNewer = (timeline: Timeline, page: Page, far = 0): Timeline =>
  cutOlder({ ...merge(timeline, page.messages), hasNewer: page.hasMore }, far);

/** Lets go of what is older than `far`, as long as the window stays large enough. */
export function cutOlder(timeline: Timeline, far: number): Timeline {
  const away = timeline.messages.filter(({ seq }) => seq < far).length;
  const dropped = Math.min(away, timeline.messages.length - windowSize);
  if (dropped <= 0) return timeline;
  return { ...timeline, messages: timeline.messages.slice(dropped), hasOlder: true };
}
