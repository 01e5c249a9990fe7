import { describe, expect, it, vi } from 'vitest';
import type { Failure, Image, Message, SendEvent } from '../wire.gen';
import { Outbox } from './outbox';
import { MemoryStore, type Kept, type OutboxStore } from './outboxStore';
import type { Photo } from './photos';
import { NoAnswer, Refusal } from './problem';

const refusal = (code: Failure['code'], retryAfterMs?: number) =>
  new Refusal({ code, message: '', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

const imageOf = (id: string): Image => ({
  id,
  width: 4,
  height: 3,
  contentType: 'image/jpeg',
  size: 1,
  url: `/images/${id}`,
  thumbUrl: `/images/${id}/thumb`,
});

const photo = (key: string): Photo => ({ key, file: new Blob([key]), width: 4, height: 3 });

/** A server that answers when the test says so, and a disk. */
function world(disk: OutboxStore = new MemoryStore()) {
  const calls: { event: SendEvent; done: () => void; fail: (error: Error) => void }[] = [];
  const timers: { run: () => void; ms: number }[] = [];
  const sent: string[] = [];
  let reachable = true;
  let seq = 0;
  const acknowledged = ({ roomId, clientId }: SendEvent): Message => ({
    roomId,
    clientId,
    seq: (seq += 1),
    rev: seq,
    kind: 'message',
  });
  const uploads: { key: string; done: (id: string) => void; fail: (error: Error) => void }[] = [];
  const cancelled: string[] = [];
  const outbox = new Outbox({
    upload: ({ key }) =>
      new Promise((resolve, reject) => {
        uploads.push({ key, done: (id) => resolve(imageOf(id)), fail: reject });
      }),
    cancelUpload: (key) => {
      cancelled.push(key);
      uploads.find((one) => one.key === key)?.fail(new DOMException('cancelled', 'AbortError'));
    },
    send: (event) =>
      new Promise((resolve, reject) => {
        calls.push({ event, done: () => resolve(acknowledged(event)), fail: reject });
      }),
    sent: (message) => sent.push(message.clientId ?? ''),
    reachable: () => reachable,
    renew: () => Promise.resolve(),
    tell: () => undefined,
    later: (run, ms) => {
      const timer = { run, ms };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
  });
  outbox.open(disk);
  /** The waits for the server; the lease's own beat is not among them. */
  const waits = () => timers.filter(({ ms }) => ms !== 2000).map(({ ms }) => ms);
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    outbox,
    calls,
    uploads,
    cancelled,
    waits,
    sent,
    settle,
    go: (is: boolean) => (reachable = is),
    tick: async () => {
      timers.splice(0).forEach(({ run }) => run());
      await settle();
    },
    states: () => outbox.store.getState().entries.map(({ text, state }) => `${text}:${state}`),
    texts: () => calls.map(({ event }) => event.text),
  };
}

describe('the outbox', () => {
  it('shows at once what is written, and sends it only when it is kept', async () => {
    const steps: (() => void)[] = [];
    const kept = new MemoryStore();
    const slow: OutboxStore = {
      durable: true,
      change: (step) => new Promise<void>((resolve) => steps.push(resolve)).then(() => kept.change(step)),
    };
    const { outbox, calls, states, settle } = world(slow);
    outbox.add('a', '1');
    expect(states()).toEqual(['1:queued']);
    expect(outbox.atRisk).toBe(true);
    await settle();
    expect(calls).toHaveLength(0);
    for (let i = 0; i < 3; i += 1) {
      steps.shift()?.();
      await settle();
    }
    expect(outbox.atRisk).toBe(false);
    expect(calls).toHaveLength(1);
  });
  it('sends one at a time per room, in order, and rooms beside each other', async () => {
    const { outbox, calls, settle, states, texts } = world();
    outbox.add('a', '1');
    outbox.add('a', '2');
    outbox.add('b', '3');
    await settle();
    expect(texts()).toEqual(['1', '3']);
    expect(states()).toEqual(['1:sending', '2:queued', '3:sending']);
    calls[0]?.done();
    await settle();
    expect(texts()).toEqual(['1', '3', '2']);
    expect(states()).toEqual(['2:sending', '3:sending']);
  });
  it('sends the same clientId again after a lost answer, before what came later', async () => {
    const { outbox, calls, settle, states, go } = world();
    outbox.add('a', '1');
    outbox.add('a', '2');
    await settle();
    go(false);
    calls[0]?.fail(new NoAnswer());
    await settle();
    expect(states()).toEqual(['1:queued', '2:queued']);
    go(true);
    outbox.resume();
    await settle();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.event).toEqual(calls[0]?.event);
  });
  it('keeps what is written offline until there is a connection', async () => {
    const { outbox, calls, go, states, settle } = world();
    go(false);
    outbox.add('a', '1');
    await settle();
    expect(states()).toEqual(['1:queued']);
    expect(calls).toHaveLength(0);
    go(true);
    outbox.resume();
    await settle();
    expect(calls).toHaveLength(1);
  });
  it('waits as long as a limit says, and never calls it failed', async () => {
    const { outbox, calls, settle, waits, tick, states } = world();
    outbox.add('a', '1');
    await settle();
    calls[0]?.fail(refusal('rate_limited', 700));
    await settle();
    expect(states()).toEqual(['1:queued']);
    expect(waits()).toEqual([700]);
    outbox.add('a', '2');
    outbox.resume();
    await settle();
    expect(calls).toHaveLength(1);
    await tick();
    expect(calls[1]?.event.clientId).toBe(calls[0]?.event.clientId);
  });
  it('backs off further each time the server is unavailable', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.4);
    const { outbox, calls, settle, waits, tick } = world();
    outbox.add('a', '1');
    await settle();
    const waited: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      calls.at(-1)?.fail(refusal('unavailable'));
      await settle();
      waited.push(...waits());
      await tick();
    }
    expect(waited).toEqual([950, 1900, 3800, 7600, 14_250, 14_250]);
  });
  it('fails visibly, lets the next pass, and is retried or discarded', async () => {
    const { outbox, calls, settle, states } = world();
    outbox.add('a', '1');
    outbox.add('a', '2');
    await settle();
    calls[0]?.fail(refusal('forbidden'));
    await settle();
    expect(states()).toEqual(['1:failed', '2:sending']);
    const failed = outbox.store.getState().entries[0];
    expect(failed?.reason).toBe('forbidden');
    calls[1]?.done();
    await settle();
    outbox.retry(failed?.clientId ?? '');
    await settle();
    expect(states()).toEqual(['1:sending']);
    expect(calls[2]?.event.clientId).toBe(failed?.clientId);
    outbox.discard(failed?.clientId ?? '');
    await settle();
    expect(states()).toEqual(['1:sending']);
    calls[2]?.fail(refusal('not_found'));
    await settle();
    outbox.discard(failed?.clientId ?? '');
    await settle();
    expect(states()).toEqual([]);
  });
  it('settles by its own event before the acknowledgement, once', async () => {
    const { outbox, calls, settle, sent, states } = world();
    const clientId = outbox.add('a', '1');
    await settle();
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
    await settle();
    outbox.dropRooms((roomId) => roomId === 'a');
    await settle();
    expect(states()).toEqual(['3:sending']);
    calls[0]?.fail(refusal('not_found'));
    await settle();
    expect(states()).toEqual(['3:sending']);
    expect(calls).toHaveLength(2);
  });
  it('sends NFC', async () => {
    const { outbox, calls, settle } = world();
    outbox.add('a', '한글'.normalize('NFD'));
    await settle();
    expect(calls[0]?.event.text).toBe('한글');
  });
  it('an ended session keeps what was written, and a log-out keeps nothing', async () => {
    const disk = new MemoryStore();
    const { outbox, states, settle, go } = world(disk);
    go(false);
    outbox.add('a', '1');
    outbox.close();
    expect(states()).toEqual([]);
    await settle();
    outbox.open(disk);
    await settle();
    expect(states()).toEqual(['1:queued']);
    await outbox.wipe();
    expect(states()).toEqual([]);
    outbox.open(disk);
    await settle();
    expect(states()).toEqual([]);
  });
  it('goes on in memory where the disk refuses, and says that it is at risk', async () => {
    let full = false;
    const kept = new MemoryStore();
    const disk: OutboxStore = {
      durable: true,
      change: (step: (now: Kept) => Kept) => (full ? Promise.reject(new Error('quota')) : kept.change(step)),
    };
    const { outbox, calls, states, settle, texts } = world(disk);
    outbox.add('a', '1');
    await settle();
    full = true;
    outbox.add('a', '2');
    await settle();
    expect(states()).toEqual(['1:sending', '2:queued']);
    expect(outbox.atRisk).toBe(true);
    calls[0]?.done();
    await settle();
    calls[1]?.done();
    await settle();
    expect(texts()).toEqual(['1', '2']);
    expect(states()).toEqual([]);
    expect(outbox.atRisk).toBe(false);
  });
});

describe('photos in the outbox', () => {
  it('go before their message, which waits for all of them and holds back what was written later', async () => {
    const { outbox, calls, uploads, settle, texts, states } = world();
    outbox.add('a', 'look', [photo('p'), photo('q')]);
    outbox.add('a', 'later');
    outbox.add('b', 'elsewhere');
    await settle();
    expect(uploads.map(({ key }) => key)).toEqual(['p', 'q']);
    expect(texts()).toEqual(['elsewhere']);
    expect(states()).toEqual(['look:sending', 'later:queued', 'elsewhere:sending']);
    uploads[1]?.done('Q');
    await settle();
    expect(texts()).toEqual(['elsewhere']);
    uploads[0]?.done('P');
    await settle();
    expect(calls[1]?.event).toMatchObject({ text: 'look', imageIds: ['P', 'Q'] });
    calls[1]?.done();
    await settle();
    expect(texts()).toEqual(['elsewhere', 'look', 'later']);
  });
  it('are uploaded once: after a lost answer, and by the tab that goes on', async () => {
    const disk = new MemoryStore();
    const first = world(disk);
    first.outbox.add('a', '', [photo('p'), photo('q')]);
    await first.settle();
    first.uploads[0]?.done('P');
    first.uploads[1]?.fail(new NoAnswer());
    await first.settle();
    expect(first.states()).toEqual([':queued']);
    expect(first.calls).toHaveLength(0);
    first.outbox.rest();
    const second = world(disk);
    await second.settle();
    expect(second.uploads.map(({ key }) => key)).toEqual(['q']);
    second.uploads[0]?.done('Q');
    await second.settle();
    expect(second.calls[0]?.event.imageIds).toEqual(['P', 'Q']);
    second.calls[0]?.fail(new NoAnswer());
    await second.settle();
    await second.tick();
    expect(second.uploads).toHaveLength(1);
    expect(second.calls[1]?.event).toEqual(second.calls[0]?.event);
  });
  it('that the server does not take fail the message, which goes without them when its writer says so', async () => {
    const { outbox, calls, uploads, settle, states, texts } = world();
    const id = outbox.add('a', 'two', [photo('p'), photo('q')]);
    outbox.add('a', 'next');
    await settle();
    uploads[0]?.fail(refusal('unsupported_image'));
    uploads[1]?.done('Q');
    await settle();
    expect(states()).toEqual(['two:failed', 'next:sending']);
    expect(outbox.store.getState().entries[0]).toMatchObject({
      reason: 'unsupported_image',
      photos: [
        { key: 'p', reason: 'unsupported_image' },
        { key: 'q', image: { id: 'Q' } },
      ],
    });
    expect(texts()).toEqual(['next']);
    calls[0]?.done();
    await settle();
    outbox.leaveOut(id);
    await settle();
    expect(calls[1]?.event).toMatchObject({ text: 'two', imageIds: ['Q'] });
  });
  it('discards a message of which leaving out leaves nothing', async () => {
    const { outbox, uploads, settle, states } = world();
    const id = outbox.add('a', '', [photo('p')]);
    await settle();
    uploads[0]?.fail(refusal('image_too_large'));
    await settle();
    expect(states()).toEqual([':failed']);
    outbox.leaveOut(id);
    await settle();
    expect(states()).toEqual([]);
  });
  it('wait out limits and outages without failing', async () => {
    const { outbox, uploads, settle, waits, tick, states } = world();
    outbox.add('a', '', [photo('p')]);
    await settle();
    uploads[0]?.fail(refusal('rate_limited', 700));
    await settle();
    expect(states()).toEqual([':queued']);
    expect(waits()).toEqual([700]);
    await tick();
    expect(uploads).toHaveLength(2);
    uploads[1]?.fail(refusal('unavailable'));
    await settle();
    expect(states()).toEqual([':queued']);
  });
  it('are taken back with their message while they are on their way, and not any more while it is sent', async () => {
    const { outbox, calls, cancelled, uploads, settle, states } = world();
    const id = outbox.add('a', 'back', [photo('p')]);
    outbox.add('a', 'next');
    await settle();
    outbox.cancel(id);
    await settle();
    expect(cancelled).toEqual(['p']);
    expect(states()).toEqual(['next:sending']);
    expect(calls.map(({ event }) => event.text)).toEqual(['next']);
    calls[0]?.done();
    const late = outbox.add('a', 'too late', [photo('q')]);
    await settle();
    uploads[1]?.done('Q');
    await settle();
    outbox.cancel(late);
    await settle();
    expect(states()).toEqual(['too late:sending']);
  });
  it('are uploaded anew once where the server has lost them', async () => {
    const { outbox, calls, uploads, settle, states } = world();
    const lost = () => new Refusal({ code: 'invalid', message: '', errors: { imageIds: 'unknown' } });
    outbox.add('a', '', [photo('p')]);
    await settle();
    uploads[0]?.done('old');
    await settle();
    calls[0]?.fail(lost());
    await settle();
    expect(states()).toEqual([':sending']);
    uploads[1]?.done('new');
    await settle();
    expect(calls[1]?.event).toMatchObject({ clientId: calls[0]?.event.clientId, imageIds: ['new'] });
    calls[1]?.fail(lost());
    await settle();
    expect(states()).toEqual([':failed']);
  });
});
