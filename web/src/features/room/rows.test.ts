import { describe, expect, it } from 'vitest';
import type { Message } from '../../wire.gen';
import { rowsOf, type Row } from './rows';

const at = (minute: number, second = 0, day = 22) => new Date(2026, 10, day, 14, minute, second).toISOString();
const message = (seq: number, senderId: string, sentAt: string, more: Partial<Message> = {}): Message => ({
  roomId: 'r',
  seq,
  rev: seq,
  kind: 'message',
  senderId,
  text: `m${seq}`,
  sentAt,
  ...more,
});
const notice = (seq: number, type: 'joined' | 'left', userId: string): Message =>
  message(seq, userId, at(0), { kind: 'system', event: { type, userId } });
const brief = (row: Row): string => {
  if (row.kind === 'line') return `${row.key}${row.first ? ' first' : ''}${row.timed ? ' timed' : ''}`;
  return row.kind === 'notice' ? row.events.map(({ type, userId }) => `${type} ${userId}`).join(', ') : row.kind;
};
const rows = (messages: Message[], more = {}) => rowsOf({ messages, outgoing: [], me: 'me', ...more }).map(brief);

describe('rows', () => {
  it('names an author once and the time once a minute', () => {
    expect(
      rows([
        message(1, 'a', at(1)),
        message(2, 'a', at(1, 30)),
        message(3, 'a', at(2)),
        message(4, 'b', at(2, 10)),
        message(5, 'b', at(20)),
      ]),
    ).toEqual(['day', 's1 first', 's2 timed', 's3 timed', 's4 first timed', 's5 first timed']);
  });
  it('separates days', () => {
    expect(rows([message(1, 'a', at(1)), message(2, 'a', at(1, 0, 23))])).toEqual([
      'day',
      's1 first timed',
      'day',
      's2 first timed',
    ]);
  });
  it('collapses comings and goings in a row', () => {
    const all = [notice(1, 'joined', 'a'), notice(2, 'left', 'a'), notice(3, 'joined', 'b')];
    expect(rows(all)).toEqual(['day', 'joined a, left a, joined b']);
    expect(rows([...all, message(4, 'b', at(1)), notice(5, 'left', 'b')])).toEqual([
      'day',
      'joined a, left a, joined b',
      's4 first timed',
      'left b',
    ]);
  });
  it('puts the divider before the first unread by others', () => {
    expect(rows([message(1, 'a', at(1)), message(2, 'me', at(2)), message(3, 'a', at(3))], { readUpTo: 1 })).toEqual([
      'day',
      's1 first timed',
      's2 first timed',
      'divider',
      's3 first timed',
    ]);
  });
  it('has no divider where the first unread is not in the window', () => {
    const window = [message(5, 'a', at(1)), message(6, 'a', at(2))];
    expect(rows(window, { readUpTo: 3, hasOlder: true })).not.toContain('divider');
    expect(rows(window, { readUpTo: 3, hasOlder: false })).toContain('divider');
    expect(rows(window, { readUpTo: 5, hasOlder: true })).toContain('divider');
    expect(rows(window, { readUpTo: 6, hasOlder: true })).not.toContain('divider');
  });
  it('leaves hidden ones out', () => {
    expect(rows([message(1, 'a', at(1), { kind: 'hidden' })])).toEqual([]);
  });
  it('keeps the key of an own message from the outbox on, and shows it once', () => {
    const entry = { clientId: 'x', roomId: 'r', text: 'hi', state: 'sending', at: at(3) } as const;
    const pending = rowsOf({ messages: [], outgoing: [entry], me: 'me' });
    const both = rowsOf({ messages: [message(1, 'me', at(3), { clientId: 'x' })], outgoing: [entry], me: 'me' });
    expect(pending.at(-1)?.key).toBe('cx');
    expect(both.map(({ key }) => key)).toEqual([pending[0]?.key, 'cx']);
  });
});
