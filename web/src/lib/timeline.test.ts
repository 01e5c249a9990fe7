import { describe, expect, it } from 'vitest';
import type { Message } from '../wire.gen';
import {
  applyChanges,
  around,
  cutOlder,
  emptyTimeline,
  merge,
  windowSize,
  withNewer,
  withNewest,
  withOlder,
  type Page,
} from './timeline';

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

const page = (from: number, to: number, hasMore: boolean): Page => ({
  messages: Array.from({ length: to - from + 1 }, (_, i) => message(from + i)),
  hasMore,
  rev: to,
});

describe('pages', () => {
  it('an edit of a message outside the window waits for its page', () => {
    const live = withNewest(undefined, page(10, 11, true));
    expect(seqs(applyChanges(live, [message(3, 12), message(13)]))).toEqual([10, 11, 13]);
    const past = around(page(10, 12, true), 10, 2);
    expect(seqs(applyChanges(past, [message(3, 20), message(11, 21), message(22)]))).toEqual([10, 11, 12]);
    expect(applyChanges(past, [message(11, 21)]).messages[1]?.rev).toBe(21);
  });
  it('the newest page joins, or replaces where there is a hole between', () => {
    const old = withNewest(undefined, page(1, 2, false));
    const joined = withNewest(old, page(2, 3, true));
    expect(seqs(joined)).toEqual([1, 2, 3]);
    expect(joined.hasOlder).toBe(false);
    const far = withNewest(old, page(8, 9, true));
    expect(seqs(far)).toEqual([8, 9]);
    expect(far.hasOlder).toBe(true);
    expect(withNewest(around(page(1, 4, false), 2, 2), page(4, 6, true))).toMatchObject({ hasNewer: false });
  });
  it('a page around a message tells by its length whether there is more after it', () => {
    expect(around(page(1, 10, false), 5, 5)).toMatchObject({ hasOlder: false, hasNewer: true });
    expect(around(page(1, 9, true), 5, 5)).toMatchObject({ hasOlder: true, hasNewer: false });
  });
  it('an older page goes in front, a newer one behind, and both say whether there is more', () => {
    const middle = around(page(10, 12, true), 10, 2);
    const older = withOlder(middle, page(8, 9, false));
    expect(seqs(older)).toEqual([8, 9, 10, 11, 12]);
    expect(older).toMatchObject({ hasOlder: false, hasNewer: true });
    expect(withNewer(older, page(13, 14, false))).toMatchObject({ hasOlder: false, hasNewer: false });
  });
  it('a window that grows too large lets go of what is out of sight, and of nothing that is in sight', () => {
    const full = withNewest(undefined, page(51, 50 + windowSize, true));
    const older = withOlder(full, page(1, 50, false), 100);
    expect(seqs(older)).toEqual(Array.from({ length: windowSize }, (_, i) => i + 1));
    expect(older.hasNewer).toBe(true);
    expect(withOlder(full, page(1, 50, false), 240).messages).toHaveLength(240);
    expect(withOlder(full, page(1, 50, false)).hasNewer).toBe(false);
    const newer = withNewer(older, page(windowSize + 1, windowSize + 50, false), 30);
    expect(seqs(newer)[0]).toBe(30);
    expect(newer).toMatchObject({ hasOlder: true, hasNewer: false });
    expect(cutOlder(full, Infinity)).toBe(full);
  });
});
