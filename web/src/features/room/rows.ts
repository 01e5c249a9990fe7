import { dayOf, sameMinute } from '../../lib/formats';
import type { Outgoing } from '../../lib/outgoing';
import type { Message, SystemEvent } from '../../wire.gen';

export interface Line {
  kind: 'line';
  key: string;
  own: boolean;
  senderId: string | undefined;
  at: string;
  /** Begins a group: has the name, the avatar and the corner toward the speaker. */
  first: boolean;
  /** Ends a minute of its group: has the time. */
  timed: boolean;
  message?: Message;
  outgoing?: Outgoing;
}

/** Comings and goings in a row, as one. */
export interface Notice {
  kind: 'notice';
  key: string;
  /** The seq of the last of them. */
  seq: number;
  events: readonly SystemEvent[];
}

export type Row = Line | Notice | { kind: 'day'; key: string; at: string } | { kind: 'divider'; key: string };

interface Input {
  messages: readonly Message[];
  outgoing: readonly Outgoing[];
  me: string;
  /** The reader had read up to here when they came; undefined where nothing was unread. */
  readUpTo?: number | undefined;
  /** Messages before these exist, so the first of them need not be the first unread. */
  hasOlder?: boolean;
}

/** Silence this long begins a new group also of the same author. */
const pause = 5 * 60_000;

/** An own message keeps its key from the outbox on, so that its row is never remounted. */
export const keyOf = (message: Message, me: string): string =>
  message.senderId === me && message.clientId !== undefined ? `c${message.clientId}` : `s${message.seq}`;

/** What a conversation looks like, from top to bottom. */
export function rowsOf({ messages, outgoing, me, readUpTo, hasOlder = false }: Input): Row[] {
  const rows: Row[] = [];
  let day: number | undefined;
  const first = messages[0]?.seq ?? 0;
  let divided = readUpTo === undefined || (hasOlder && first > readUpTo);

  const openDay = (at: string) => {
    if (dayOf(at) === day) return;
    day = dayOf(at);
    rows.push({ kind: 'day', key: `d${day}`, at });
  };
  const pushLine = (line: Omit<Line, 'kind' | 'first' | 'timed'>) => {
    const before = rows.at(-1);
    const joins =
      before?.kind === 'line' &&
      before.senderId === line.senderId &&
      Date.parse(line.at) - Date.parse(before.at) < pause;
    if (joins && sameMinute(before.at, line.at)) before.timed = false;
    rows.push({ kind: 'line', first: !joins, timed: true, ...line });
  };

  const settled = new Set<string>();
  for (const message of messages) {
    if (message.kind === 'hidden') continue;
    const at = message.sentAt ?? new Date(0).toISOString();
    openDay(at);
    if (message.kind === 'system') {
      const { event } = message;
      if (!event) continue;
      const before = rows.at(-1);
      if (before?.kind === 'notice' && event.type !== 'created' && before.events[0]?.type !== 'created') {
        rows[rows.length - 1] = { ...before, seq: message.seq, events: [...before.events, event] };
      } else rows.push({ kind: 'notice', key: `s${message.seq}`, seq: message.seq, events: [event] });
      continue;
    }
    const own = message.senderId === me;
    if (own && message.clientId !== undefined) settled.add(message.clientId);
    if (!divided && !own && message.kind === 'message' && message.seq > (readUpTo ?? 0)) {
      divided = true;
      rows.push({ kind: 'divider', key: 'divider' });
    }
    pushLine({ key: keyOf(message, me), own, senderId: message.senderId, at, message });
  }
  for (const entry of outgoing) {
    // The server's word may be here while the acknowledgement is still on its way.
    if (settled.has(entry.clientId)) continue;
    openDay(entry.at);
    pushLine({ key: `c${entry.clientId}`, own: true, senderId: me, at: entry.at, outgoing: entry });
  }
  return rows;
}
