import type { ChangesAnswer, Message, MessageEvent } from '../wire.gen';

/**
 * Where a connection stands in one room's stream of changes (contract, part 3, points 3, 5 and 6).
 * Everything here is pure: a step takes a stream and returns the next one with what is to be done.
 */
export interface Stream {
  /** The last rev that was applied: everything up to it is in the cache. */
  readonly cursor: number;
  /** The highest rev heard of. Beyond the cursor, changes are missing. */
  readonly wanted: number;
  /** An answer to room:changes is awaited. */
  readonly asking: boolean;
}

export interface Step {
  readonly stream: Stream;
  /** Messages to put into the cache, in this order. */
  readonly apply: readonly Message[];
  /** What is cached of the room goes first. */
  readonly reset: boolean;
  /** Ask room:changes from stream.cursor now. */
  readonly ask: boolean;
}

const step = (stream: Stream, more: Partial<Omit<Step, 'stream'>> = {}): Step => ({
  stream,
  apply: more.apply ?? [],
  reset: more.reset ?? false,
  ask: more.ask ?? false,
});

/** Asks unless an answer is awaited already: that one is followed up until nothing is wanted any more. */
function chase(stream: Stream): Step {
  if (stream.cursor >= stream.wanted || stream.asking) return step(stream);
  return step({ ...stream, asking: true }, { ask: true });
}

/** A stream that begins at a position, where nothing of the room is cached. */
export const streamAt = (position: number): Stream => ({ cursor: position, wanted: position, asking: false });

/**
 * A `message` event. What lies beyond a gap is not kept aside: it is remembered as wanted, and room:changes brings it
 * in its newest state.
 */
export function receive(stream: Stream, event: Pick<MessageEvent, 'message' | 'after'>): Step {
  const { rev } = event.message;
  if (rev <= stream.cursor) return step(stream);
  if (event.after <= stream.cursor) {
    return step({ ...stream, cursor: rev, wanted: Math.max(stream.wanted, rev) }, { apply: [event.message] });
  }
  return chase({ ...stream, wanted: Math.max(stream.wanted, rev) });
}

/**
 * A position: from `ready`, or from a `room:updated` with a membership. It starts a stream without one at what the cache
 * holds (`cached`: the highest rev in it, undefined where nothing is cached); an older stream catches up.
 */
export function place(stream: Stream | undefined, position: number, cached: number | undefined): Step {
  const from = stream ?? streamAt(cached === undefined ? position : Math.min(cached, position));
  return chase({ ...from, wanted: Math.max(from.wanted, position) });
}

/** An answer to room:changes. */
export function fold(stream: Stream, answer: ChangesAnswer): Step {
  const settled = { ...stream, asking: false };
  if (answer.reset) {
    // The server's word replaces ours. What came live after its snapshot was dropped with the rest, so it is wanted again;
    // where our numbers are of a database that is no more, the next answer says so.
    const wanted = Math.max(answer.next, stream.wanted, stream.cursor);
    const next = chase({ cursor: answer.next, wanted, asking: false });
    return { ...next, apply: answer.messages, reset: true };
  }
  const apply = answer.messages.filter((message) => message.rev > stream.cursor);
  const cursor = Math.max(stream.cursor, answer.next);
  const next = { ...settled, cursor, wanted: Math.max(settled.wanted, cursor) };
  const advanced = cursor > stream.cursor;
  if (answer.hasMore && advanced) return step({ ...next, asking: true }, { apply, ask: true });
  // A server that has nothing more to say is believed; asking again would never end.
  if (!advanced) return step({ ...next, wanted: cursor }, { apply });
  return { ...chase(next), apply };
}

/** The question failed: the connection broke, or the server is busy. Whoever asks again starts from the same cursor. */
export const giveUp = (stream: Stream): Stream => ({ ...stream, asking: false });

/** Asks again after a failure, where something is still missing. */
export const resume = (stream: Stream): Step => chase(stream);
