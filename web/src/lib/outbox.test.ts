import { describe, expect, it, vi } from 'vitest';
import type { Failure, Message, SendEvent } from '../wire.gen';
import { Outbox } from './outbox';
import { NoAnswer, Refusal } from './problem';

const refusal = (code: Failure['code'], retryAfterMs?: number) =>
  new Refusal({ code, message: '', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

/** A server that answers when the test says so. */
function world() {
  const calls: { event: SendEvent; done: (message?: Message) => void; fail: (error: Error) => void }[] = [];
  const timers: { run: () => void; ms: number }[] = [];
  const sent: string[] = [];
  let online = true;
  let seq = 0;
  const outbox = new Outbox({
    send: (event) =>
      new Promise((resolve, reject) => {
        calls.push({
          event,
          done: () =>
            resolve({ roomId: event.roomId, clientId: event.clientId, seq: (seq += 1), rev: seq, kind: 'message' }),
          fail: reject,
        });
      }),
    sent: (message) => sent.push(message.clientId ?? ''),
    online: () => online,
    later: (run, ms) => timers.push({ run, ms }),
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    outbox,
    calls,
    timers,
    sent,
    settle,
    go: (is: boolean) => (online = is),
    tick: async () => {
      timers.splice(0).forEach(({ run }) => run());
      await settle();
    },
    states: () => outbox.store.getState().entries.map(({ text, state }) => `${text}:${state}`),
  };
}

describe('the outbox', () => {
  it('sends one at a time per room, in order, and rooms beside each other', async () => {
    const { outbox, calls, settle, states } = world();
    outbox.add('a', '1');
    outbox.add('a', '2');
    outbox.add('b', '3');
    expect(calls.map(({ event }) => event.text)).toEqual(['1', '3']);
    expect(states()).toEqual(['1:sending', '2:queued', '3:sending']);
    calls[0]?.done();
    await settle();
    expect(calls.map(({ event }) => event.text)).toEqual(['1', '3', '2']);
    expect(states()).toEqual(['2:sending', '3:sending']);
  });
  it('sends the same clientId again after a lost answer, before what came later', async () => {
    const { outbox, calls, settle, tick, states, go } = world();
    outbox.add('a', '1');
    outbox.add('a', '2');
    go(false);
    calls[0]?.fail(new NoAnswer());
    await settle();
    expect(states()).toEqual(['1:queued', '2:queued']);
    go(true);
    outbox.resume();
    await tick();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.event).toEqual(calls[0]?.event);
  });
  it('keeps what is written offline until there is a connection', () => {
    const { outbox, calls, go, states } = world();
    go(false);
    outbox.add('a', '1');
    expect(states()).toEqual(['1:queued']);
    expect(calls).toHaveLength(0);
    go(true);
    outbox.resume();
    expect(calls).toHaveLength(1);
  });
  it('waits as long as a limit says, and never calls it failed', async () => {
    const { outbox, calls, settle, timers, tick, states } = world();
    outbox.add('a', '1');
    calls[0]?.fail(refusal('rate_limited', 700));
    await settle();
    expect(states()).toEqual(['1:queued']);
    expect(timers.map(({ ms }) => ms)).toEqual([700]);
    outbox.add('a', '2');
    outbox.resume();
    expect(calls).toHaveLength(1);
    await tick();
    expect(calls[1]?.event.clientId).toBe(calls[0]?.event.clientId);
  });
  it('backs off further each time the server is unavailable', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { outbox, calls, settle, timers, tick } = world();
    outbox.add('a', '1');
    const waits: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      calls.at(-1)?.fail(refusal('unavailable'));
      await settle();
      waits.push(timers[0]?.ms ?? 0);
      await tick();
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
  });
  it('fails visibly, lets the next pass, and is retried or discarded', async () => {
    const { outbox, calls, settle, states } = world();
    outbox.add('a', '1');
    outbox.add('a', '2');
    calls[0]?.fail(refusal('forbidden'));
    await settle();
    expect(states()).toEqual(['1:failed', '2:sending']);
    const failed = outbox.store.getState().entries[0];
    expect(failed?.reason).toBe('forbidden');
    calls[1]?.done();
    await settle();
    outbox.retry(failed?.clientId ?? '');
    expect(states()).toEqual(['1:sending']);
    expect(calls[2]?.event.clientId).toBe(failed?.clientId);
    outbox.discard(failed?.clientId ?? '');
    expect(states()).toEqual(['1:sending']);
    calls[2]?.fail(refusal('not_found'));
    await settle();
    outbox.discard(failed?.clientId ?? '');
    expect(states()).toEqual([]);
  });
  it('settles by its own event before the acknowledgement, once', async () => {
    const { outbox, calls, settle, sent, states } = world();
    const clientId = outbox.add('a', '1');
    outbox.settle(clientId);
    expect(states()).toEqual([]);
    calls[0]?.done();
    await settle();
    expect(states()).toEqual([]);
    expect(sent).toEqual([clientId]);
  });
  it('keeps nothing for a room that is gone, whatever is still answered', async () => {
    const { outbox, calls, settle, states } = world();
    outbox.add('a', '1');
    outbox.add('a', '2');
    outbox.add('b', '3');
    outbox.dropRoom('a');
    expect(states()).toEqual(['3:sending']);
    calls[0]?.fail(refusal('not_found'));
    await settle();
    expect(states()).toEqual(['3:sending']);
    expect(calls).toHaveLength(2);
  });
  it('sends NFC', () => {
    const { outbox, calls } = world();
    outbox.add('a', '한글'.normalize('NFD'));
    expect(calls[0]?.event.text).toBe('한글');
  });
});
