import { describe, expect, it } from 'vitest';
import type { Message } from '../wire.gen';
import { applyChanges, emptyTimeline, merge, mergeNewest, mergeOlder } from './timeline';

const message = (seq: number, rev = seq, more: Partial<Message> = {}): Message => ({
  roomId: 'r',
  seq,
  rev,
  kind: 'message',
  text: `${seq}.${rev}`,
  ...more,
});
const seqs = (timeline: { messages: readonly Message[] }) => timeline.messages.map(({ seq }) => seq);

describe('merge', () => {
  it('keeps the newest rev of a seq, in any order', () => {
    const a = merge(emptyTimeline, [message(1), message(1, 5), message(3)]);
    const b = merge(emptyTimeline, [message(3), message(1, 5), message(1)]);
    expect(a.messages).toEqual(b.messages);
    expect(a.messages[0]?.rev).toBe(5);
  });
  it('returns the same timeline where nothing changed, so that nothing is drawn anew', () => {
    const timeline = merge(emptyTimeline, [message(1), message(2, 4)]);
    expect(merge(timeline, [message(1), message(2)])).toBe(timeline);
    expect(merge(timeline, [])).toBe(timeline);
  });
  it('keeps the clientId of an own message through later changes', () => {
    const timeline = merge(emptyTimeline, [message(1, 1, { clientId: 'x' })]);
    expect(merge(timeline, [message(1, 2)]).messages[0]?.clientId).toBe('x');
  });
  it('does not revive what is hidden or deleted', () => {
    const timeline = merge(emptyTimeline, [message(1, 3, { kind: 'hidden' })]);
    expect(merge(timeline, [message(1)]).messages[0]?.kind).toBe('hidden');
  });
});

describe('pages', () => {
  it('an edit of a message that is not loaded waits for its page', () => {
    const timeline = mergeNewest(undefined, { messages: [message(10), message(11)], hasMore: true });
    expect(seqs(applyChanges(timeline, [message(3, 12), message(13)]))).toEqual([10, 11, 13]);
  });
  it('the newest page joins, or replaces where there is a hole between', () => {
    const old = mergeNewest(undefined, { messages: [message(1), message(2)], hasMore: false });
    expect(seqs(mergeNewest(old, { messages: [message(2), message(3)], hasMore: true }))).toEqual([1, 2, 3]);
    expect(mergeNewest(old, { messages: [message(2), message(3)], hasMore: true }).hasOlder).toBe(false);
    const far = mergeNewest(old, { messages: [message(8), message(9)], hasMore: true });
    expect(seqs(far)).toEqual([8, 9]);
    expect(far.hasOlder).toBe(true);
  });
  it('an older page goes in front and says whether there is more', () => {
    const timeline = mergeNewest(undefined, { messages: [message(10)], hasMore: true });
    const older = mergeOlder(timeline, { messages: [message(8), message(9)], hasMore: false });
    expect(seqs(older)).toEqual([8, 9, 10]);
    expect(older.hasOlder).toBe(false);
  });
});
