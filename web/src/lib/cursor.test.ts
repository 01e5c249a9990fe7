import { describe, expect, it } from 'vitest';
import type { ChangesAnswer, Message, MessageEvent } from '../wire.gen';
import { fold, giveUp, place, receive, resume, streamAt, type Step, type Stream } from './cursor';
import { applyChanges, emptyTimeline, reach, withNewest, type Timeline } from './timeline';

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

/** A server's room, and a connection that breaks, repeats and delays; whatever happens, the fold equals the history. */
describe('any interleaving', () => {
  const random = (seed: number) => () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };

  interface Client {
    stream: Stream | undefined;
    /** An answer to room:changes that is under way. */
    asked: ChangesAnswer | undefined;
    connected: boolean;
  }

  class Room {
    head = 0;
    state = new Map<number, Message>();
    change(next: () => number): MessageEvent {
      const after = this.head;
      this.head += 1;
      const seqs = [...this.state.keys()];
      const old = seqs[Math.floor(next() * seqs.length)];
      const seq = old !== undefined && next() < 0.3 ? old : this.head;
      const changed: Message =
        next() < 0.1 && seq !== this.head ? { ...message(seq, this.head), kind: 'deleted' } : message(seq, this.head);
      this.state.set(seq, changed);
      return { message: changed, after };
    }
    changes(since: number, limit: number): ChangesAnswer {
      if (this.head - since > 40) return answer(this.page(20), this.head, { reset: true });
      const all = [...this.state.values()].filter(({ rev }) => rev > since).sort((a, b) => a.rev - b.rev);
      const page = all.slice(0, limit);
      const hasMore = all.length > limit;
      return answer(page, hasMore ? (page.at(-1)?.rev ?? since) : this.head, { hasMore, head: this.head });
    }
    page(limit: number): Message[] {
      return [...this.state.values()].sort((a, b) => a.seq - b.seq).slice(-limit);
    }
  }

  it.each(Array.from({ length: 300 }, (_, seed) => seed))('seed %i', (seed) => {
    const next = random(seed + 1);
    const room = new Room();
    for (let i = 0; i < 30; i += 1) room.change(next);
    const client: Client = { stream: undefined, asked: undefined, connected: false };
    const page = room.page(10);
    let timeline: Timeline = withNewest(undefined, { messages: page, hasMore: true, rev: 0 });
    let wire: MessageEvent[] = [];
    let delivered = 0;

    const take = (step: Step) => {
      client.stream = step.stream;
      timeline = step.reset
        ? withNewest(undefined, { messages: step.apply, hasMore: true, rev: step.stream.cursor })
        : reach(applyChanges(timeline, step.apply), step.stream.cursor);
      if (step.ask) client.asked = room.changes(step.stream.cursor, 3);
    };
    const connect = () => {
      client.connected = true;
      delivered = room.head;
      wire = [];
      take(place(client.stream, room.head, timeline.rev));
    };
    const deliver = (event: MessageEvent) => {
      if (client.stream) take(receive(client.stream, event));
    };

    for (let i = 0; i < 200; i += 1) {
      const dice = next();
      if (dice < 0.4) {
        const change = room.change(next);
        if (client.connected) {
          // What a later change superseded before it was sent may be skipped.
          const { seq } = change.message;
          if (next() < 0.5) wire = wire.filter(({ message: waiting }) => waiting.seq !== seq);
          wire.push(change);
        }
      } else if (dice < 0.7) {
        const change = wire.shift();
        if (change) {
          const sent = { ...change, after: delivered };
          delivered = change.message.rev;
          deliver(sent);
          // A second delivery changes nothing.
          if (next() < 0.1) deliver(sent);
        }
      } else if (dice < 0.85) {
        if (client.asked && client.stream && client.connected) {
          const given = client.asked;
          client.asked = undefined;
          take(fold(client.stream, given));
        }
      } else if (dice < 0.92) {
        client.connected = false;
        client.asked = undefined;
        if (client.stream) client.stream = giveUp(client.stream);
      } else if (!client.connected) connect();
      const cursor = client.stream?.cursor ?? 0;
      // Every row in view is as new as the cursor says.
      for (const shown of timeline.messages) {
        const real = room.state.get(shown.seq);
        if (!real || (real.rev <= cursor && shown.rev < real.rev))
          throw new Error(`${shown.seq} is older than ${cursor}`);
      }
    }

    if (!client.connected) connect();
    for (const change of wire) {
      deliver({ ...change, after: delivered });
      delivered = change.message.rev;
    }
    for (let i = 0; client.asked && i < 200; i += 1) {
      const given: ChangesAnswer = client.asked;
      client.asked = undefined;
      if (client.stream) take(fold(client.stream, given));
    }
    const oldest = timeline.messages[0]?.seq ?? 0;
    const truth = [...room.state.values()].filter(({ seq }) => seq >= oldest).sort((a, b) => a.seq - b.seq);
    expect(timeline.messages).toEqual(truth);
    expect(client.stream?.cursor).toBe(room.head);
  });

  it('an empty timeline takes everything', () => {
    expect(applyChanges(emptyTimeline, [message(1), message(2)]).messages).toHaveLength(2);
  });
});
