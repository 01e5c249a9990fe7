// @vitest-environment node
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChangesAnswer, Message, MessageEvent, MessagesAnswer } from '../wire.gen';
import { api, type Place } from './api';
import { fold, giveUp, place, receive, resume, type Step, type Stream } from './cursor';
import {
  cachedRev,
  dropTimelines,
  isFetching,
  loadAround,
  loadNewer,
  loadNewest,
  loadOlder,
  putMessages,
  resetTimeline,
  restoreTimeline,
  seedTimeline,
  timelineOf,
  whenFetched,
} from './messages';
import { queryClient } from './queryClient';
import type { Timeline } from './timeline';

/**
 * One room on a server, and a reader whose connection breaks, delays, cuts and comes back while pages of history are
 * under way: whatever happens, in the end the window is the history, without a hole, a repeat or anything stale.
 */

/** Beyond this distance room:changes answers with a reset. */
const tooFar = 6;

class Room {
  epoch = 1;
  head = 0;
  #messages = new Map<number, Message>();
  #backup: { head: number; messages: Map<number, Message> } | undefined;

  get messages(): Message[] {
    return [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
  }

  change(kind: 'create' | 'edit' | 'delete', which: number): Message {
    const rev = (this.head += 1);
    const old = kind === 'create' ? undefined : this.messages[which % Math.max(this.#messages.size, 1)];
    const text = `${rev} of ${this.epoch}`;
    const message: Message = old
      ? { ...old, rev, ...(kind === 'edit' ? { text } : { kind: 'deleted' as const, text: '' }) }
      : { roomId: 'r', seq: rev, rev, kind: 'message', text };
    this.#messages.set(message.seq, message);
    return message;
  }

  backUp(): void {
    this.#backup = { head: this.head, messages: new Map(this.#messages) };
  }

  restore(): void {
    if (!this.#backup) return;
    this.head = this.#backup.head;
    this.#messages = new Map(this.#backup.messages);
    this.epoch += 1;
  }

  page({ before, after, around }: Place, limit: number): MessagesAnswer {
    if (around !== undefined) {
      const older = this.page({ before: around + 1 }, limit / 2);
      return { ...older, messages: [...older.messages, ...this.page({ after: around }, limit / 2).messages] };
    }
    const within = this.messages.filter(({ seq }) => seq < (before ?? Infinity) && seq > (after ?? 0));
    const messages = after === undefined ? within.slice(-limit) : within.slice(0, limit);
    return { messages, users: [], hasMore: within.length > limit };
  }

  changes(since: number, epoch: number, limit: number): ChangesAnswer {
    const answer = { epoch: String(this.epoch), users: [], head: this.head };
    if (epoch !== this.epoch || since > this.head || this.head - since > tooFar) {
      return { ...answer, messages: this.page({}, 20).messages, next: this.head, hasMore: false, reset: true };
    }
    const all = this.messages.filter(({ rev }) => rev > since).sort((a, b) => a.rev - b.rev);
    const messages = all.slice(0, limit);
    const hasMore = all.length > limit;
    return { ...answer, messages, next: hasMore ? (messages.at(-1)?.rev ?? since) : this.head, hasMore };
  }
}

/** The reader, wired as live.ts wires it, and the line between the two. */
class Reader {
  readonly room = new Room();
  epoch = 1;
  stream: Stream | undefined;
  connected = false;
  /** Changes under way to the reader, and how far this connection was told. */
  wire: Message[] = [];
  told = 0;
  /** The question under way: not yet at the server, or its answer not yet here. */
  question: (() => ChangesAnswer) | undefined;
  since = 0;
  answer: ChangesAnswer | undefined;
  requests: (() => void)[] = [];
  pages: ((lost: boolean) => void)[] = [];
  /** What the copy for reading offline has: the newest messages of then. */
  kept: { epoch: number; timeline: Timeline } | undefined;

  keep(most: number): void {
    const timeline = timelineOf('r');
    if (!timeline || timeline.hasNewer) return;
    const messages = timeline.messages.slice(-most);
    const hasOlder = timeline.hasOlder || messages.length < timeline.messages.length;
    this.kept = { epoch: this.epoch, timeline: { ...timeline, messages, hasOlder } };
  }

  /** A new page, which begins with nothing. Answers to the one before come to nothing. */
  reload(): void {
    this.cut();
    dropTimelines();
    queryClient.clear();
    this.requests = [];
    this.pages = [];
    this.stream = undefined;
    this.epoch = this.room.epoch;
  }

  /** Before the connection or long after it, as live.ts and offline.ts do. */
  takeKept(): void {
    const { kept, stream } = this;
    if (!kept || kept.epoch !== this.epoch || !restoreTimeline('r', kept.timeline)) return;
    const { rev } = kept.timeline;
    if (!stream || rev >= stream.cursor) return;
    this.take(resume({ ...stream, cursor: rev, wanted: Math.max(stream.wanted, stream.cursor) }));
  }

  take(step: Step): void {
    this.stream = step.stream;
    if (step.reset) resetTimeline('r', step.apply, step.stream.cursor);
    else if (step.apply.length > 0) putMessages('r', step.apply, step.stream.cursor);
    if (step.ask) {
      const { cursor } = step.stream;
      const { epoch } = this;
      this.since = cursor;
      this.question = () => this.room.changes(cursor, epoch, 4);
    }
  }

  write(kind: 'create' | 'edit' | 'delete', which: number, supersede: boolean): void {
    const message = this.room.change(kind, which);
    if (!this.connected) return;
    // What a later change superseded before it was sent need not be sent.
    if (supersede) this.wire = this.wire.filter(({ seq }) => seq !== message.seq);
    this.wire.push(message);
  }

  /** One's own change is acknowledged before its event comes. */
  acknowledge(which: number): void {
    if (!this.connected) return;
    this.write(which % 2 === 0 ? 'create' : 'edit', which, false);
    const message = this.wire.at(-1);
    if (message) putMessages('r', [message]);
  }

  deliver(twice = false): void {
    const message = this.wire.shift();
    if (!message) return;
    const event: MessageEvent = { message, after: this.told };
    this.told = message.rev;
    for (let i = 0; i < (twice ? 2 : 1); i += 1) {
      if (this.stream) this.take(receive(this.stream, event));
    }
  }

  /** One is lost on the way; the `after` of the next tells. */
  skip(): void {
    if (this.wire.length < 2) return;
    this.told = this.wire.shift()?.rev ?? this.told;
  }

  ask(): void {
    if (!this.question) return;
    this.answer = this.question();
    this.question = undefined;
  }

  hear(): void {
    const { answer, stream } = this;
    this.answer = undefined;
    if (!answer || !stream) return;
    this.take(stream.cursor < this.since && !answer.reset ? resume(giveUp(stream)) : fold(stream, answer));
  }

  failAsk(): void {
    if (!this.question && !this.answer) return;
    this.question = undefined;
    this.answer = undefined;
    if (this.stream) this.take(resume(giveUp(this.stream)));
  }

  cut(): void {
    this.connected = false;
    this.wire = [];
    this.question = undefined;
    this.answer = undefined;
    if (this.stream) this.stream = giveUp(this.stream);
  }

  connect(): void {
    if (this.connected) this.cut();
    this.connected = true;
    this.told = this.room.head;
    if (this.epoch !== this.room.epoch) {
      this.stream = undefined;
      dropTimelines();
      this.epoch = this.room.epoch;
    }
    const cached = cachedRev('r');
    const known = cached === undefined && !isFetching('r') ? undefined : this.stream;
    this.take(place(known, this.room.head, cached));
  }

  /** Page requests reach the server, and answers come, in any order. */
  reach(which: number): void {
    this.requests.splice(which % Math.max(this.requests.length, 1), 1)[0]?.();
  }

  arrive(which: number, lost: boolean): void {
    this.pages.splice(which % Math.max(this.pages.length, 1), 1)[0]?.(lost);
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 12; i += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** At no time is something shown that is older than what the cursor says. */
  check(): void {
    const cursor = this.stream?.cursor ?? 0;
    const shown = timelineOf('r')?.messages ?? [];
    if (this.epoch !== this.room.epoch) return;
    const real = new Map(this.room.messages.map((message) => [message.seq, message]));
    for (const [i, { seq, rev }] of shown.entries()) {
      expect(i === 0 || (shown[i - 1]?.seq ?? 0) < seq).toBe(true);
      const now = real.get(seq)?.rev ?? 0;
      if (now <= cursor && rev < now) throw new Error(`${seq} is of ${rev}, not of ${now}, at ${cursor}`);
    }
  }

  async quiesce(): Promise<void> {
    if (!this.connected || this.epoch !== this.room.epoch) this.connect();
    for (let i = 0; i < 300; i += 1) {
      this.reach(0);
      this.arrive(0, false);
      this.deliver();
      this.ask();
      this.hear();
      await this.settle();
      if (this.idle) return;
    }
  }

  get idle(): boolean {
    return (
      this.requests.length + this.pages.length + this.wire.length === 0 &&
      !this.question &&
      !this.answer &&
      !isFetching('r')
    );
  }
}

interface Command {
  what: string;
  run: (reader: Reader) => unknown;
}
const any = fc.nat({ max: 1000 });
const act = (what: string, run: (reader: Reader, n: number) => unknown) =>
  any.map((n): Command => ({ what: `${what} ${n}`, run: (reader) => run(reader, n) }));
const ignore = () => undefined;
const far = (reader: Reader, n: number) => Math.ceil((n / 1000) * reader.room.head);

const command = fc.oneof(
  { weight: 5, arbitrary: act('create', (reader, n) => reader.write('create', n, false)) },
  { weight: 5, arbitrary: act('edit', (reader, n) => reader.write('edit', n, n % 2 === 0)) },
  { weight: 2, arbitrary: act('delete', (reader, n) => reader.write('delete', n, n % 2 === 0)) },
  { weight: 2, arbitrary: act('own', (reader, n) => reader.acknowledge(n)) },
  { weight: 8, arbitrary: act('deliver', (reader, n) => reader.deliver(n % 10 === 0)) },
  { weight: 1, arbitrary: act('skip', (reader) => reader.skip()) },
  { weight: 4, arbitrary: act('ask', (reader) => reader.ask()) },
  { weight: 4, arbitrary: act('hear', (reader) => reader.hear()) },
  { weight: 1, arbitrary: act('fail', (reader) => reader.failAsk()) },
  { weight: 1, arbitrary: act('cut', (reader) => reader.cut()) },
  { weight: 2, arbitrary: act('connect', (reader) => reader.connect()) },
  { weight: 1, arbitrary: act('older', (reader, n) => loadOlder('r', far(reader, n)).catch(ignore)) },
  { weight: 1, arbitrary: act('newer', (reader, n) => loadNewer('r', far(reader, n)).catch(ignore)) },
  { weight: 1, arbitrary: act('newest', () => loadNewest('r').catch(ignore)) },
  { weight: 1, arbitrary: act('around', (reader, n) => loadAround('r', far(reader, n)).catch(ignore)) },
  { weight: 2, arbitrary: act('keep', (reader, n) => reader.keep(1 + (n % 20))) },
  { weight: 1, arbitrary: act('reload', (reader) => reader.reload()) },
  { weight: 2, arbitrary: act('take kept', (reader) => reader.takeKept()) },
  { weight: 3, arbitrary: act('reach', (reader, n) => reader.reach(n)) },
  { weight: 3, arbitrary: act('arrive', (reader, n) => reader.arrive(n, n % 10 === 0)) },
);
const change = fc.oneof(
  act('create', (reader, n) => reader.write('create', n, false)),
  act('edit', (reader, n) => reader.write('edit', n, false)),
  act('delete', (reader, n) => reader.write('delete', n, false)),
);
const backUp: Command = { what: 'back up', run: (reader) => reader.room.backUp() };
const restore: Command = {
  what: 'restore',
  run: (reader) => {
    reader.cut();
    // Requests of before the restart come to nothing.
    for (const _ of [...reader.requests]) reader.reach(0);
    for (const _ of [...reader.pages]) reader.arrive(0, true);
    reader.room.restore();
  },
};

const runs = Number(process.env['RUNS'] ?? 200);

describe('a window on a room that goes on', () => {
  afterEach(() => vi.restoreAllMocks());

  async function play(before: number, commands: readonly Command[]): Promise<void> {
    queryClient.clear();
    const reader = new Reader();
    // Messages and edits, so that numbers have gaps.
    for (let i = 0; i < before; i += 1) reader.room.change(i % 3 === 2 ? 'edit' : 'create', i * 7);
    whenFetched(
      (_, hadStream, timeline) => {
        const { stream } = reader;
        if (hadStream || !stream || timeline.rev >= stream.cursor) return;
        const { rev } = timeline;
        reader.take(resume({ ...stream, cursor: rev, wanted: Math.max(stream.wanted, stream.cursor) }));
      },
      () => reader.stream?.cursor,
    );
    vi.spyOn(api, 'messages').mockImplementation(
      (_, place, limit) =>
        new Promise((resolve, reject) => {
          reader.requests.push(() => {
            const page = reader.room.page(place, limit);
            reader.pages.push((lost) => (lost ? reject(new Error('lost')) : resolve(page)));
          });
        }),
    );
    seedTimeline('r', reader.room.page({}, 50), reader.room.head, undefined);
    for (const command of commands) {
      void command.run(reader);
      await reader.settle();
      reader.check();
    }
    await reader.quiesce();
    reader.check();
    const { room, stream } = reader;
    expect(stream).toMatchObject({ cursor: room.head, asking: false });
    const timeline = timelineOf('r');
    if (!timeline) return;
    const [first, last] = [timeline.messages[0]?.seq ?? 0, timeline.messages.at(-1)?.seq ?? 0];
    const truth = room.messages;
    expect(timeline.messages).toEqual(truth.filter(({ seq }) => seq >= first && seq <= last));
    if (!timeline.hasOlder) expect(first).toBe(truth[0]?.seq);
    if (!timeline.hasNewer) expect(last).toBe(truth.at(-1)?.seq);
  }

  it('has no hole, no repeat and nothing stale', { timeout: 600_000 }, () =>
    fc.assert(
      fc.asyncProperty(fc.nat({ max: 300 }), fc.array(command, { minLength: 10, maxLength: 150 }), (before, commands) =>
        play(before + 1, commands),
      ),
      { numRuns: runs },
    ),
  );

  it('also where what an earlier page kept is taken up again', { timeout: 600_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 30 }),
        fc.nat({ max: 20 }),
        fc.array(change, { maxLength: 8 }),
        fc.array(command, { maxLength: 20 }),
        fc.array(command, { maxLength: 40 }),
        (before, most, missed, two, three) => {
          const [keep, reload, connect, take] = [
            { what: 'keep', run: (reader: Reader) => reader.keep(most + 1) },
            { what: 'reload', run: (reader: Reader) => reader.reload() },
            { what: 'connect', run: (reader: Reader) => reader.connect() },
            { what: 'take kept', run: (reader: Reader) => reader.takeKept() },
          ];
          return play(before + 1, [keep, reload, ...missed, connect, ...two, take, ...three]);
        },
      ),
      { numRuns: runs },
    ),
  );

  it('also where the database goes back to a backup', { timeout: 600_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 120 }),
        fc.array(command, { maxLength: 40 }),
        fc.array(command, { maxLength: 40 }),
        fc.array(command, { maxLength: 60 }),
        (before, one, two, three) => play(before + 1, [...one, backUp, ...two, restore, ...three]),
      ),
      { numRuns: runs },
    ),
  );
});
