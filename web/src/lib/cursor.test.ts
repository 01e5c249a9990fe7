import { describe, expect, it } from 'vitest';
import type { ChangesAnswer, Message, MessageEvent } from '../wire.gen';
import { fold, giveUp, place, receive, resume, streamAt, type Stream } from './cursor';

const message = (seq: number, rev = seq, text = `m${seq}.${rev}`): Message => ({
  roomId: 'r',
  seq,
  rev,
  kind: 'message',
  senderId: 'u',
  text,
  sentAt: '2026-01-01T00:00:00.000Z',
});
const event = (seq: number, rev: number, after: number): MessageEvent => ({ message: message(seq, rev), after });
const answer = (messages: Message[], next: number, more: Partial<ChangesAnswer> = {}): ChangesAnswer => ({
  epoch: 'e',
  messages,
  users: [],
  head: next,
  next,
  hasMore: false,
  ...more,
});
const at = (cursor: number, more: Partial<Stream> = {}): Stream => ({ ...streamAt(cursor), ...more });

describe('receive', () => {
  it('ignores what was applied', () => {
    expect(receive(at(5), event(5, 5, 4))).toEqual({ stream: at(5), apply: [], reset: false, ask: false });
    expect(receive(at(5), event(2, 3, 2)).apply).toEqual([]);
  });
  it('applies what follows, also over a superseded number', () => {
    expect(receive(at(5), event(6, 6, 5)).stream).toEqual(at(6));
    const step = receive(at(5), event(6, 8, 5));
    expect(step.apply).toEqual([message(6, 8)]);
    expect(step.stream.cursor).toBe(8);
    expect(receive(at(5), event(7, 7, 3)).stream.cursor).toBe(7);
  });
  it('asks where something is missing, once', () => {
    const first = receive(at(5), event(8, 8, 7));
    expect(first).toMatchObject({ ask: true, apply: [], stream: { cursor: 5, wanted: 8, asking: true } });
    const second = receive(first.stream, event(9, 9, 8));
    expect(second).toMatchObject({ ask: false, apply: [], stream: { cursor: 5, wanted: 9, asking: true } });
  });
  it('still applies what fits while an answer is awaited', () => {
    const step = receive(at(5, { wanted: 9, asking: true }), event(6, 6, 5));
    expect(step.stream).toEqual({ cursor: 6, wanted: 9, asking: true });
    expect(step.apply).toHaveLength(1);
  });
});

describe('place', () => {
  it('starts a stream at its position where nothing is cached', () => {
    expect(place(undefined, 7, undefined)).toMatchObject({ stream: streamAt(7), ask: false });
  });
  it('starts from what is cached and asks for the rest', () => {
    expect(place(undefined, 7, 4)).toMatchObject({ ask: true, stream: { cursor: 4, wanted: 7 } });
    expect(place(undefined, 7, 7)).toMatchObject({ ask: false, stream: { cursor: 7 } });
    expect(place(undefined, 7, 9)).toMatchObject({ ask: false, stream: { cursor: 7 } });
  });
  it('lets an older stream catch up and a newer one be', () => {
    expect(place(at(3), 7, undefined)).toMatchObject({ ask: true, stream: { cursor: 3, wanted: 7, asking: true } });
    expect(place(at(9), 7, undefined)).toMatchObject({ ask: false, stream: { cursor: 9 } });
  });
});

describe('fold', () => {
  it('pages until nothing is left', () => {
    const asking = at(3, { wanted: 9, asking: true });
    const first = fold(asking, answer([message(4), message(5)], 5, { hasMore: true }));
    expect(first).toMatchObject({ ask: true, stream: { cursor: 5, asking: true } });
    const last = fold(first.stream, answer([message(9)], 9));
    expect(last).toMatchObject({ ask: false, stream: { cursor: 9, wanted: 9, asking: false } });
  });
  it('does not apply again what came live meanwhile', () => {
    expect(fold(at(6, { asking: true }), answer([message(4), message(7)], 7)).apply).toEqual([message(7)]);
  });
  it('drops the cache at a reset, also where the database went back', () => {
    const step = fold(at(90, { wanted: 95, asking: true }), answer([message(10)], 12, { reset: true }));
    expect(step).toMatchObject({ apply: [message(10)], reset: true, ask: true, stream: { cursor: 12 } });
    expect(fold(step.stream, answer([], 12))).toMatchObject({ ask: false, stream: streamAt(12) });
    const plain = fold(at(3, { wanted: 12, asking: true }), answer([message(10)], 12, { reset: true }));
    expect(plain).toEqual({ stream: streamAt(12), apply: [message(10)], reset: true, ask: false });
  });
  it('follows up what was heard of while the answer was under way', () => {
    const step = fold(at(3, { wanted: 9, asking: true }), answer([message(5)], 5));
    expect(step).toMatchObject({ ask: true, stream: { cursor: 5, wanted: 9, asking: true } });
  });
  it('does not ask for ever when the server has nothing more', () => {
    expect(fold(at(5, { wanted: 9, asking: true }), answer([], 5))).toMatchObject({
      ask: false,
      stream: { wanted: 5 },
    });
    expect(fold(at(5, { wanted: 9, asking: true }), answer([], 5, { hasMore: true })).ask).toBe(false);
  });
  it('asks again after a failure', () => {
    const failed = giveUp(at(3, { wanted: 9, asking: true }));
    expect(resume(failed)).toMatchObject({ ask: true, stream: { cursor: 3 } });
    expect(resume(at(9)).ask).toBe(false);
  });
});
