import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message, MessagesAnswer } from '../wire.gen';
import { api, type Place } from './api';
import {
  loadAround,
  loadNewer,
  loadNewest,
  loadOlder,
  putMessages,
  seedTimeline,
  timelineOf,
  whenFetched,
} from './messages';
import { queryClient } from './queryClient';

/** The same numbers for the same seed. */
function random(seed: number) {
  let state = seed * 2654435761;
  return () => {
    state = Math.imul(state ^ (state >>> 15), state | 1);
    state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
    return ((state ^ (state >>> 14)) >>> 0) / 4294967296;
  };
}

/** A room on the server: its messages, and pages of them as of one moment. */
class Server {
  head = 0;
  readonly #messages = new Map<number, Message>();

  get messages(): Message[] {
    return [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
  }

  /** A new message, an edit or a deletion. */
  change(dice: number, which: number): Message {
    const rev = (this.head += 1);
    const old = this.messages[Math.floor(which * this.#messages.size)];
    const message: Message =
      dice < 0.5 || !old
        ? { roomId: 'r', seq: rev, rev, kind: 'message', text: `${rev}` }
        : { ...old, rev, ...(dice < 0.8 ? { text: `${rev}` } : { kind: 'deleted' as const }) };
    this.#messages.set(message.seq, message);
    return message;
  }

  page({ before, after, around }: Place, limit: number): MessagesAnswer {
    const all = this.messages;
    if (around !== undefined) {
      const older = this.page({ before: around + 1 }, limit / 2);
      return { ...older, messages: [...older.messages, ...this.page({ after: around }, limit / 2).messages] };
    }
    const within = all.filter(({ seq }) => seq < (before ?? Infinity) && seq > (after ?? 0));
    const messages = after === undefined ? within.slice(-limit) : within.slice(0, limit);
    return { messages, users: [], hasMore: within.length > limit };
  }
}

describe('a window on a room that goes on', () => {
  let server: Server;
  let cursor: number;
  beforeEach(() => {
    server = new Server();
    queryClient.clear();
    whenFetched(
      () => undefined,
      () => cursor,
    );
  });
  afterEach(() => vi.restoreAllMocks());

  it.each(Array.from({ length: 60 }, (_, seed) => seed))('seed %i: has no hole and nothing stale', async (seed) => {
    const next = random(seed + 1);
    for (let i = 0; i < 400; i += 1) server.change(next() * 0.7, next());
    cursor = server.head;
    seedTimeline('r', server.page({}, 50), server.head, undefined);

    // Answers are made at one moment and come at a later one.
    const requests: (() => void)[] = [];
    const answers: (() => void)[] = [];
    vi.spyOn(api, 'messages').mockImplementation(
      (_, place, limit) =>
        new Promise((resolve, reject) => {
          requests.push(() => {
            const page = server.page(place, limit);
            answers.push(() => (next() < 0.1 ? reject(new Error('lost')) : resolve(page)));
          });
        }),
    );
    const ignore = () => undefined;
    const wire: Message[] = [];
    const deliver = () => {
      const message = wire.shift();
      if (!message) return;
      cursor = message.rev;
      putMessages('r', [message], cursor);
    };
    const answer = async () => {
      (next() < 0.5 ? answers.shift() : answers.pop())?.();
      await new Promise((task) => setTimeout(task));
    };
    const far = () => Math.ceil(next() * server.head);
    for (let i = 0; i < 400; i += 1) {
      const dice = next();
      // Mostly edits, so that there is something to be stale.
      if (dice < 0.35) wire.push(server.change(0.4 + next() * 0.6, next()));
      else if (dice < 0.7) deliver();
      else if (dice < 0.75) loadOlder('r', far()).catch(ignore);
      else if (dice < 0.8) loadNewer('r', far()).catch(ignore);
      else if (dice < 0.82) loadNewest('r').catch(ignore);
      else if (dice < 0.84) loadAround('r', far()).catch(ignore);
      else if (dice < 0.92) requests.shift()?.();
      else await answer();
    }
    while (requests.length > 0 || answers.length > 0) {
      requests.shift()?.();
      await answer();
    }
    while (wire.length > 0) deliver();

    const timeline = timelineOf('r');
    const [first, last] = [timeline?.messages[0]?.seq ?? 0, timeline?.messages.at(-1)?.seq ?? 0];
    const truth = server.messages;
    expect(timeline?.messages).toEqual(truth.filter(({ seq }) => seq >= first && seq <= last));
    if (!timeline?.hasOlder) expect(first).toBe(truth[0]?.seq);
    if (!timeline?.hasNewer) expect(last).toBe(truth.at(-1)?.seq);
  });
});
