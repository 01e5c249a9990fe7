import { describe, expect, it } from 'vitest';
import type { Message, MyRoom } from '../wire.gen';
import { withMessage } from './rooms';

const mine = (more: Partial<MyRoom> = {}): MyRoom => ({
  room: { id: 'r', kind: 'public', memberCount: 2, head: 10, history: 'all' },
  membership: { userId: 'me', roomId: 'r', joinedAt: '', visibleAfter: 0, readSeq: 8, role: 'member' },
  unread: 2,
  ...more,
});
const message = (seq: number, rev = seq, more: Partial<Message> = {}): Message => ({
  roomId: 'r',
  seq,
  rev,
  kind: 'message',
  senderId: 'you',
  ...more,
});

describe('the entry of a room', () => {
  it('counts new messages by others, once', () => {
    const next = withMessage(mine(), message(11), 'me');
    expect(next).toMatchObject({ unread: 3, last: { seq: 11 }, room: { head: 11 } });
    expect(withMessage(next, message(11), 'me')).toBe(next);
  });
  it('does not count what ready has counted', () => {
    const entry = mine();
    expect(withMessage(entry, message(9), 'me')).toBe(entry);
  });
  it('does not count notices, own messages or edits', () => {
    expect(withMessage(mine(), message(11, 11, { kind: 'system' }), 'me').unread).toBe(2);
    expect(withMessage(mine(), message(9, 11), 'me').unread).toBe(2);
    expect(withMessage(mine(), message(11, 11, { senderId: 'me' }), 'me')).toMatchObject({
      unread: 0,
      membership: { readSeq: 11 },
    });
  });
  it('takes back what was deleted unread, but not what was never counted', () => {
    expect(withMessage(mine(), message(9, 11, { kind: 'deleted' }), 'me').unread).toBe(1);
    expect(withMessage(mine(), message(11, 12, { kind: 'deleted' }), 'me').unread).toBe(2);
    expect(withMessage(mine(), message(5, 11, { kind: 'deleted' }), 'me').unread).toBe(2);
  });
  it('shows an edit of the last message, not of an older one', () => {
    const entry = mine({ last: message(10) });
    expect(withMessage(entry, message(10, 11, { text: 'new' }), 'me').last?.text).toBe('new');
    expect(withMessage(entry, message(9, 11), 'me').last?.seq).toBe(10);
  });
  it('is capped', () => {
    expect(withMessage(mine({ unread: 999 }), message(11), 'me').unread).toBe(999);
  });
});
