// @vitest-environment node
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Image, Message, SendEvent } from '../wire.gen';
import { Outbox } from './outbox';
import type { News } from './outboxPorts';
import type { Kept, OutboxStore } from './outboxStore';
import { NoAnswer, Refusal } from './problem';

/**
 * Several tabs of one user, one disk, one server, and everything that can go wrong between them, played in any order:
 * whatever happens, in the end every message that was kept is on the server once, or visibly failed, in the order in which
 * its tab wrote it.
 */

const plain: Image = { id: '', width: 1, height: 1, contentType: 'image/png', size: 1, url: '', thumbUrl: '' };

type Trouble = 'none' | 'rate_limited' | 'unavailable' | 'unauthorized';

class Server {
  readonly messages: Message[] = [];
  readonly arrivals: string[] = [];
  trouble: Trouble = 'none';
  /** Images that hang on nothing yet. */
  readonly loose = new Set<string>();
  uploads = 0;
  expired = false;

  #refuseInTrouble(): void {
    if (this.trouble === 'rate_limited') throw new Refusal({ code: 'rate_limited', message: '', retryAfterMs: 300 });
    if (this.trouble !== 'none') throw new Refusal({ code: this.trouble, message: '' });
  }

  keep(): Image {
    this.#refuseInTrouble();
    const id = `i${(this.uploads += 1)}`;
    this.loose.add(id);
    return { ...plain, id };
  }

  /** What is refused for good begins with an x. */
  receive({ roomId, clientId, text, imageIds = [] }: SendEvent): Message {
    this.arrivals.push(clientId);
    const known = this.messages.find((message) => message.clientId === clientId);
    if (known) return known;
    this.#refuseInTrouble();
    if (text?.startsWith('x')) throw new Refusal({ code: 'forbidden', message: '' });
    if (imageIds.some((id) => !this.loose.delete(id))) {
      throw new Refusal({ code: 'invalid', message: '', errors: { imageIds: 'unknown' } });
    }
    const seq = this.messages.length + 1;
    const images = imageIds.map((id): Image => ({ ...plain, id }));
    const message: Message = { roomId, clientId, seq, rev: seq, kind: 'message', text: text ?? '', images };
    this.messages.push(message);
    return message;
  }
}

interface Tab {
  name: string;
  outbox: Outbox;
  alive: boolean;
  frozen: boolean;
  /** The browser lets it write nothing more. */
  full: boolean;
  /** What happens to it while it is frozen happens when it wakes. */
  waiting: (() => void)[];
  written: number;
  connected: boolean;
  timeline: Set<string>;
}

/** Something that will happen to a tab, at a moment that the test chooses; `lane`: nothing overtakes in it. */
interface Happening {
  tab: Tab | undefined;
  lane: string;
  run: () => void;
}

class World {
  now = 1_000_000;
  readonly server = new Server();
  readonly tabs: Tab[] = [];
  kept: Kept = { entries: [] };
  /** Everything that was ever kept. */
  readonly promised = new Map<string, { tab: string; roomId: string; text: string }>();
  happenings: Happening[] = [];
  timers: { tab: Tab; due: number; run: () => void }[] = [];
  readonly problems: string[] = [];

  get alive(): Tab[] {
    return this.tabs.filter(({ alive }) => alive);
  }

  #to(tab: Tab, run: () => void): void {
    if (!tab.alive) return;
    if (tab.frozen) tab.waiting.push(run);
    else run();
  }

  #later(tab: Tab | undefined, lane: string, run: () => void): void {
    this.happenings.push({ tab, lane, run: () => (tab ? this.#to(tab, run) : run()) });
  }

  open(): void {
    const name = `t${this.tabs.length}`;
    const disk: OutboxStore = {
      durable: true,
      change: (step) =>
        new Promise((resolve, reject) => {
          this.#later(tab, 'disk', () => {
            if (tab.full) {
              this.#later(tab, `kept ${name}`, () => reject(new Error('quota')));
              return;
            }
            const next = step(this.kept);
            for (const { clientId, roomId, text } of next.entries) {
              if (!this.promised.has(clientId)) {
                this.promised.set(clientId, { tab: /t\d+/u.exec(text)?.[0] ?? '', roomId, text });
              }
            }
            this.kept = next;
            this.#later(tab, `kept ${name}`, () => resolve(next));
          });
        }),
    };
    const tab: Tab = {
      name,
      alive: true,
      frozen: false,
      full: false,
      waiting: [],
      written: 0,
      connected: true,
      timeline: new Set(),
      outbox: new Outbox({
        upload: () => this.#request(tab, 'photo', () => this.server.keep()),
        cancelUpload: () => undefined,
        send: (event) => this.#send(tab, event),
        sent: ({ clientId }) => void tab.timeline.add(clientId ?? ''),
        reachable: () => tab.connected,
        renew: () => Promise.resolve(),
        tell: (news) => this.#tell(tab, news),
        now: () => this.now,
        later: (run, ms) => {
          const timer = { tab, due: this.now + ms, run };
          this.timers.push(timer);
          return () => {
            this.timers = this.timers.filter((one) => one !== timer);
          };
        },
      }),
    };
    this.tabs.push(tab);
    tab.outbox.open(disk);
  }

  #tell(from: Tab, news: News): void {
    for (const tab of this.alive) {
      if (tab !== from) this.#later(tab, `news ${from.name} ${tab.name}`, () => tab.outbox.hear(news));
    }
  }

  #send(tab: Tab, event: SendEvent): Promise<Message> {
    if (
      !tab.full &&
      !this.kept.entries.some(({ clientId }) => clientId === event.clientId) &&
      !this.#isSettled(event.clientId)
    ) {
      this.problems.push(`${event.text ?? ''} was sent and is not kept`);
    }
    return this.#request(tab, event.clientId, () => {
      const message = this.server.receive(event);
      for (const other of this.alive) {
        this.#later(other, `stream ${other.name}`, () => {
          other.timeline.add(event.clientId);
          other.outbox.settle(event.clientId);
        });
      }
      return message;
    });
  }

  #request<Answer>(tab: Tab, what: string, serve: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // A request is on its way without its tab: it arrives also when that froze or died.
      const lane = `request ${(this.#requests += 1)} ${what}`;
      this.#later(undefined, lane, () => {
        let answer: () => void;
        try {
          const served = serve();
          answer = () => resolve(served);
        } catch (error) {
          const refusal = error as Refusal;
          answer = () => reject(refusal);
        }
        this.#later(tab, `answer ${lane}`, answer);
      });
      this.timers.push({ tab, due: this.now + 10_000, run: () => reject(new NoAnswer('late')) });
      this.#cut.set(tab, [...(this.#cut.get(tab) ?? []), () => reject(new NoAnswer('cut'))]);
    });
  }

  #requests = 0;
  readonly #cut = new Map<Tab, (() => void)[]>();

  #isSettled(clientId: string): boolean {
    return this.server.messages.some((message) => message.clientId === clientId);
  }

  /** The connection breaks: whoever waits for an answer on it waits no more, and what was told on it is lost. */
  cut(tab: Tab): void {
    tab.connected = false;
    this.happenings = this.happenings.filter(({ lane }) => lane !== `stream ${tab.name}`);
    for (const fail of this.#cut.get(tab) ?? []) this.#to(tab, fail);
    this.#cut.delete(tab);
  }

  connect(tab: Tab): void {
    tab.connected = true;
    this.#to(tab, () => tab.outbox.resume());
  }

  crash(tab: Tab): void {
    tab.alive = false;
    this.timers = this.timers.filter((timer) => timer.tab !== tab);
  }

  close(tab: Tab): void {
    if (tab.frozen) return;
    tab.outbox.rest();
    this.crash(tab);
  }

  putAway(tab: Tab): void {
    if (tab.frozen) return;
    tab.outbox.rest();
    tab.outbox.wake();
  }

  freeze(tab: Tab): void {
    tab.frozen = true;
  }

  thaw(tab: Tab): void {
    tab.frozen = false;
    for (const run of tab.waiting.splice(0)) run();
    this.elapse(0);
  }

  /** The text says how many photos go with it. */
  write(tab: Tab, roomId: string, bad: boolean, photos: number): void {
    if (tab.frozen) return;
    const number = (tab.written += 1);
    tab.outbox.add(
      roomId,
      `${bad ? 'x' : ''}${tab.name} ${number} ${photos}`,
      Array.from({ length: photos }, (_, i) => ({
        key: `${tab.name}-${number}-${i}`,
        file: new Blob(),
        width: 1,
        height: 1,
      })),
    );
  }

  elapse(ms: number): void {
    this.now += ms;
    const due = this.timers.filter((timer) => timer.due <= this.now && !timer.tab.frozen);
    this.timers = this.timers.filter((timer) => !due.includes(timer));
    for (const { tab, run } of due) this.#to(tab, run);
  }

  /** One of what can happen next does. */
  happen(which: number, lost = false): void {
    const lanes = [...new Set(this.happenings.map(({ lane }) => lane))];
    const lane = lanes[which % lanes.length];
    const at = this.happenings.findIndex((one) => one.lane === lane);
    const [one] = at < 0 ? [] : this.happenings.splice(at, 1);
    // Only the network loses something.
    if (one && !(lost && /^(answer|request)/u.test(one.lane))) one.run();
  }

  /** Longer than any promise takes to settle. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async quiesce(): Promise<void> {
    this.server.trouble = 'none';
    if (this.alive.length === 0) this.open();
    for (const tab of this.alive) {
      if (tab.frozen) this.thaw(tab);
      this.connect(tab);
    }
    await this.settle();
    for (let round = 0; round < 120; round += 1) {
      for (let i = 0; i < 400 && this.happenings.length > 0; i += 1) {
        this.happen(i);
        await this.settle();
      }
      if (this.timers.length === 0 && this.happenings.length === 0) return;
      this.elapse(1000);
      await this.settle();
    }
  }

  check(): void {
    expect(this.problems).toEqual([]);
    const ids = this.server.messages.map(({ clientId }) => clientId);
    expect(new Set(ids).size).toBe(ids.length);
    const failed = [...this.promised].filter(([, { text }]) => text.startsWith('x')).map(([clientId]) => clientId);
    const promised = [...this.promised.keys()].filter((id) => !failed.includes(id)).toSorted();
    // A tab that keeps nothing sends what it has as long as it lives; nobody else knows of it.
    const full = this.tabs.some((tab) => tab.full);
    expect(full ? ids.filter((id) => promised.includes(id ?? '')).toSorted() : ids.toSorted()).toEqual(promised);
    for (const tab of this.alive) {
      const unsent = tab.outbox.store.getState().entries.filter(({ state }) => state !== 'failed');
      expect(unsent).toEqual([]);
    }
    this.#checkOrder();
    for (const { text, images } of this.server.messages) {
      expect(images, text).toHaveLength(Number(text?.split(' ')[2]));
    }
    if (full) return;
    for (const tab of this.alive) {
      const shown = tab.outbox.store.getState().entries;
      expect(shown.map(({ clientId }) => clientId).toSorted()).toEqual(failed.toSorted());
      const states = shown.map(({ text, state, reason }) => `${text} ${state} ${reason ?? ''}`);
      expect(states.filter((state) => !state.endsWith('failed forbidden'))).toEqual([]);
      expect(tab.outbox.atRisk).toBe(false);
    }
    expect(this.kept.entries.map(({ clientId }) => clientId).toSorted()).toEqual(failed.toSorted());
  }

  #checkOrder(): void {
    for (const tab of this.tabs) {
      for (const roomId of ['a', 'b']) {
        const numbers = this.server.messages
          .filter((message) => message.roomId === roomId && message.text?.split(' ')[0] === tab.name)
          .map(({ text }) => Number(text?.split(' ')[1]));
        expect(numbers, `${tab.name} in ${roomId}`).toEqual(numbers.toSorted((x, y) => x - y));
      }
    }
  }
}

interface Command {
  what: string;
  run: (world: World) => unknown;
}
const which = fc.nat({ max: 1000 });
const room = fc.constantFrom('a', 'a', 'b');
const onTab = (what: string, act: (world: World, tab: Tab) => void) =>
  which.map((n): Command => ({
    what: `${what} ${n}`,
    run: (world) => {
      const tab = world.alive[n % world.alive.length];
      if (tab) act(world, tab);
    },
  }));
const happen = which.map((n): Command => ({ what: `happen ${n}`, run: (world) => world.happen(n) }));
const lose = which.map((n): Command => ({ what: `lose ${n}`, run: (world) => world.happen(n, true) }));
const write = fc
  .tuple(room, fc.nat({ max: 9 }), fc.constantFrom(0, 0, 1, 2))
  .chain(([roomId, luck, photos]) =>
    onTab(`write ${roomId}${luck === 0 ? ' x' : ''} ${photos}`, (world, tab) =>
      world.write(tab, roomId, luck === 0, photos),
    ),
  );
/** A day goes by between an upload and its message; only once, since a second time is a failure that is shown. */
const expire: Command = {
  what: 'expire',
  run: ({ server }) => {
    if (server.loose.size > 0 && !server.expired) {
      server.expired = true;
      server.loose.clear();
    }
  },
};
const elapse = fc
  .constantFrom(50, 300, 1000, 2500, 7000)
  .map((ms): Command => ({ what: `elapse ${ms}`, run: (world) => world.elapse(ms) }));
const trouble = fc
  .constantFrom<Trouble>('none', 'none', 'rate_limited', 'unavailable', 'unauthorized')
  .map((is): Command => ({ what: is, run: (world) => void (world.server.trouble = is) }));
const open: Command = { what: 'open', run: (world) => world.alive.length < 4 && world.open() };

/** Seldom, so that most runs check all the rest. */
const fill: Command = {
  what: 'full',
  run: (world) => {
    const tab = world.alive[0];
    if (tab && world.server.arrivals.length % 5 === 4) tab.full = true;
  },
};

const calm = fc.oneof({ weight: 8, arbitrary: happen }, { weight: 3, arbitrary: write });
const anything = fc.oneof(
  { weight: 12, arbitrary: happen },
  { weight: 4, arbitrary: write },
  { weight: 3, arbitrary: elapse },
  { weight: 1, arbitrary: lose },
  { weight: 1, arbitrary: onTab('freeze', (world, tab) => world.freeze(tab)) },
  { weight: 1, arbitrary: onTab('thaw', (world, tab) => world.thaw(tab)) },
  { weight: 1, arbitrary: onTab('crash', (world, tab) => world.crash(tab)) },
  { weight: 1, arbitrary: onTab('close', (world, tab) => world.close(tab)) },
  { weight: 1, arbitrary: onTab('put away and back', (world, tab) => world.putAway(tab)) },
  { weight: 1, arbitrary: fc.constant(fill) },
  { weight: 2, arbitrary: onTab('cut', (world, tab) => world.cut(tab)) },
  { weight: 2, arbitrary: onTab('connect', (world, tab) => world.connect(tab)) },
  { weight: 1, arbitrary: fc.constant(open) },
  { weight: 3, arbitrary: fc.constant(expire) },
  { weight: 2, arbitrary: trouble },
);

async function play(commands: readonly Command[]): Promise<World> {
  const world = new World();
  world.open();
  world.open();
  await world.settle();
  for (const command of commands) {
    command.run(world);
    await world.settle();
  }
  await world.quiesce();
  return world;
}

const runs = Number(process.env['RUNS'] ?? 1000);

describe('any interleaving of tabs, crashes and troubles', () => {
  it('loses nothing, repeats nothing, and keeps the writer’s order', { timeout: 600_000 }, () =>
    fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 20, maxLength: 150 }), async (commands) => {
        const world = await play(commands);
        world.check();
      }),
      { numRuns: runs },
    ),
  );

  it('without trouble each message is sent once, whichever tab wrote it', { timeout: 600_000 }, () =>
    fc.assert(
      fc.asyncProperty(fc.array(calm, { maxLength: 60 }), async (commands) => {
        const world = await play(commands);
        world.check();
        expect(world.server.arrivals.toSorted()).toEqual([...world.promised.keys()].toSorted());
      }),
      { numRuns: Math.ceil(runs / 3) },
    ),
  );
});
