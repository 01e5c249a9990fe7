import { createStore, type StoreApi } from 'zustand/vanilla';
import { afterwards, BackOff, type Later } from './backOff';
import { newClientId } from './clientId';
import { grant, heartbeat, isLive, type Lease } from './lease';
import { MemoryStore, type Kept, type OutboxStore } from './outboxStore';
import {
  anew,
  noted,
  queued,
  requeued,
  same,
  uploadAll,
  without,
  withoutReasons,
  withoutUnfit,
  type Outgoing,
} from './outgoing';
import type { News, Ports } from './outboxPorts';
import type { Photo } from './photos';
import { codeOf, Refusal } from './problem';
import { serverNow } from './serverClock';

interface State {
  readonly entries: readonly Outgoing[];
}

/** A closed tab's outbox, or nobody's. */
const closed: OutboxStore = { durable: true, change: () => Promise.resolve({ entries: [] }) };

/**
 * What was written and is not the server's yet, for all tabs of one user. A message is kept before it is sent. In each
 * room the oldest is sent until it is answered, and only then the next: that keeps the writer's order, whichever tab
 * sends. A lost acknowledgement is not a failure: the same clientId is sent again, and the server answers with the message
 * as it is.
 */
export class Outbox {
  readonly store: StoreApi<State> = createStore<State>(() => ({ entries: [] }));
  readonly #ports: Ports;
  #disk: OutboxStore = closed;
  /** What was opened; #disk may have taken its place. */
  #home: OutboxStore = closed;
  /** Counts openings and closings: what was begun for an older one stops. */
  #turn = 0;
  #tab = '';
  #lock: { readonly held: boolean; release: () => void } | undefined;
  /** The page is put away: another tab sends. */
  #resting = false;
  /** Steps on what is kept, one after the other. */
  #steps: Promise<unknown> = Promise.resolve();
  #kept: Kept = { entries: [] };
  /** Written here, and not kept yet. */
  #adding: readonly Outgoing[] = [];
  /** The server has these; what is kept may not know it yet. */
  readonly #settled = new Set<string>();
  readonly #inFlight = new Set<string>();
  /** Messages whose photos are all there, and which are asked to be sent now. */
  readonly #sending = new Set<string>();
  readonly #later: Later;
  readonly #backOff: BackOff;
  /** Messages whose photos were uploaded anew because the server had lost them. */
  readonly #restarted = new Set<string>();
  readonly #gone = new Set<string>();
  #reading = false;
  #stopHeart: (() => void) | undefined;
  #stopWatch: (() => void) | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
    this.#later = ports.later ?? afterwards;
    this.#backOff = new BackOff(this.#later);
  }

  /** What is here would be lost with the page. */
  get atRisk(): boolean {
    return this.#adding.length > 0 || (!this.#disk.durable && this.#kept.entries.length > 0);
  }

  /** Begins with what is kept of a user. */
  open(disk: OutboxStore): void {
    this.close();
    this.#disk = disk;
    this.#home = disk;
    this.#resting = false;
    this.#arrive();
    this.refresh();
  }

  /** The session is over. What is kept stays for its writer. */
  close(): void {
    this.#depart();
    this.#turn += 1;
    this.#disk = closed;
    this.#home = closed;
    this.#steps = Promise.resolve();
    this.#kept = { entries: [] };
    this.#adding = [];
    this.#settled.clear();
    this.#inFlight.clear();
    this.#sending.clear();
    this.#backOff.clear();
    this.#restarted.clear();
    this.#reading = false;
    this.#show();
  }

  /** Log-out: what was not sent is its writer's, not the next user's. */
  async wipe(): Promise<void> {
    this.#adding = [];
    // Also where it went on in memory since.
    await Promise.all([
      this.#change(() => ({ entries: [] })),
      this.#home.change(() => ({ entries: [] })).catch(() => undefined),
    ]);
    this.#ports.tell({ kind: 'changed' });
    this.close();
  }

  add(roomId: string, text: string, photos: readonly Photo[] = []): string {
    const entry: Outgoing = {
      clientId: newClientId(),
      roomId,
      text: text.normalize('NFC'),
      ...(photos.length > 0 ? { photos } : {}),
      state: 'queued',
      at: serverNow().toISOString(),
    };
    this.#adding = [...this.#adding, entry];
    this.#show();
    void this.#write((entries) =>
      entries.some(({ clientId }) => clientId === entry.clientId) ? entries : [...entries, entry],
    );
    return entry.clientId;
  }

  retry(clientId: string): void {
    void this.#write((entries) =>
      entries.map((entry) =>
        entry.clientId === clientId && entry.state === 'failed' ? queued(withoutReasons(entry)) : entry,
      ),
    );
  }

  discard(clientId: string): void {
    void this.#write((entries) => without(entries, (entry) => entry.clientId === clientId && entry.state === 'failed'));
  }

  /** Takes back a message while its photos are on their way; what is being sent itself is not taken back. */
  cancel(clientId: string): void {
    const entry = [...this.#kept.entries, ...this.#adding].find((one) => one.clientId === clientId);
    if (!entry?.photos || this.#sending.has(clientId)) return;
    this.#adding = this.#adding.filter((one) => one !== entry);
    // First what is kept: whoever finds an upload cancelled looks whether the message is still wanted.
    void this.#write((entries) => without(entries, (one) => one.clientId === clientId));
    for (const { key } of entry.photos) this.#ports.cancelUpload(key);
  }

  /** Sends a message without the photos that cannot be sent; one of which nothing is left is discarded. */
  leaveOut(clientId: string): void {
    void this.#write((entries) =>
      entries.flatMap((entry) => (entry.clientId === clientId ? withoutUnfit(entry) : [entry])),
    );
  }

  /** The server has it: by acknowledgement, or because our own event came first. */
  settle(clientId: string): void {
    const known = (entry: Outgoing) => entry.clientId === clientId;
    if (!this.#kept.entries.some(known) && !this.#adding.some(known)) return;
    this.#settled.add(clientId);
    this.#show();
    void this.#write((entries) => without(entries, known));
  }

  /** A way to send is there again, or the page is. */
  resume(): void {
    this.#backOff.reachable();
    // Another tab may have died between keeping something and telling so.
    this.refresh();
  }

  /** The page goes: closed, put away, frozen. Whoever is still there goes on at once. */
  rest(): void {
    this.#resting = true;
    this.#depart();
  }

  wake(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#arrive();
    this.refresh();
  }

  /** These rooms are gone: nothing can be said there any more. What is written there from now on is of another membership. */
  dropRooms(isGone: (roomId: string, at: string) => boolean): void {
    const dropped = new Set(
      [...this.#kept.entries, ...this.#adding]
        .filter(({ roomId, at }) => isGone(roomId, at))
        .map(({ clientId }) => clientId),
    );
    if (dropped.size === 0) return;
    this.#adding = this.#adding.filter(({ clientId }) => !dropped.has(clientId));
    void this.#write((entries) => without(entries, ({ clientId }) => dropped.has(clientId)));
  }

  hear(news: News): void {
    if (news.kind === 'sent') {
      this.#ports.sent(news.message);
      if (news.message.clientId !== undefined) this.settle(news.message.clientId);
      return;
    }
    if (news.kind === 'gone') this.#gone.add(news.tab);
    this.refresh();
  }

  /** Looks at what is kept, and goes on with it. */
  refresh(): void {
    if (this.#reading) return;
    this.#reading = true;
    void this.#change((kept) => {
      this.#reading = false;
      return kept;
    }).then(() => this.#flush());
  }

  #now(): number {
    return (this.#ports.now ?? Date.now)();
  }

  #arrive(): void {
    this.#tab = newClientId();
    this.#lock = this.#ports.holdLock?.(this.#tab);
  }

  #depart(): void {
    if (this.#tab === '') return;
    this.#ports.tell({ kind: 'gone', tab: this.#tab });
    this.#release();
    this.#lock?.release();
    this.#lock = undefined;
    this.#tab = '';
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }

  /** Changes what is kept. Where it cannot be kept, it goes on in memory with what this tab knows. */
  #change(step: (kept: Kept) => Kept): Promise<Kept> {
    const turn = this.#turn;
    const opened = this.#disk;
    const done = this.#steps.then(async () => {
      let kept: Kept;
      try {
        // What was written before the session ended is kept all the same.
        kept = await (turn === this.#turn ? this.#disk : opened).change(step);
      } catch {
        if (turn !== this.#turn) return this.#kept;
        const { entries, lease } = this.#kept;
        this.#disk = new MemoryStore({ entries, lease: this.#mine(lease) ? lease : undefined });
        kept = await this.#disk.change(step);
      }
      if (turn !== this.#turn) return this.#kept;
      this.#kept = kept;
      const there = new Set(kept.entries.map(({ clientId }) => clientId));
      this.#adding = this.#adding.filter(({ clientId }) => !there.has(clientId));
      this.#show();
      return kept;
    });
    this.#steps = done;
    return done;
  }

  async #write(step: (entries: readonly Outgoing[]) => readonly Outgoing[]): Promise<void> {
    const turn = this.#turn;
    const before: { entries?: readonly Outgoing[] } = {};
    const after = await this.#change((kept) => {
      before.entries = kept.entries;
      const entries = step(kept.entries);
      return entries === kept.entries ? kept : { ...kept, entries };
    });
    if (turn !== this.#turn) return;
    if (after.entries !== before.entries) this.#ports.tell({ kind: 'changed' });
    this.#flush();
  }

  #show(): void {
    const { entries: kept, lease } = this.#kept;
    const flushed = isLive(lease, this.#now());
    const entries = [...kept, ...this.#adding]
      .filter(({ clientId }) => !this.#settled.has(clientId))
      // Whoever was sending it is no more.
      .map((entry) => (flushed ? entry : requeued(entry)));
    const old = this.store.getState().entries;
    if (entries.length === old.length && entries.every((entry, i) => same(entry, old[i]))) return;
    this.store.setState({ entries });
  }

  #mine(lease: Lease | undefined): lease is Lease {
    return this.#tab !== '' && lease?.tab === this.#tab && isLive(lease, this.#now());
  }

  /** Sends what can be sent now. */
  #flush(): void {
    const unsent = this.#kept.entries.filter(
      ({ state, clientId }) => state !== 'failed' && !this.#settled.has(clientId),
    );
    if (unsent.length === 0 || this.#resting || !this.#ports.reachable()) {
      if (this.#inFlight.size === 0 && this.#mine(this.#kept.lease)) this.#release();
      if (unsent.length > 0) this.#watch();
      return;
    }
    const { lease } = this.#kept;
    if (isLive(lease, this.#now()) && lease.tab !== this.#tab && !this.#gone.has(lease.tab)) this.#watch();
    else for (const roomId of new Set(unsent.map((entry) => entry.roomId))) void this.#send(roomId);
  }

  async #send(roomId: string): Promise<void> {
    if (this.#inFlight.has(roomId) || this.#backOff.waits(roomId)) return;
    const turn = this.#turn;
    this.#inFlight.add(roomId);
    const { entry, slept } = await this.#claim(roomId);
    if (turn !== this.#turn) return;
    if (!entry || slept) {
      this.#inFlight.delete(roomId);
      if (slept) this.refresh();
      return;
    }
    const { clientId, text } = entry;
    try {
      const imageIds = await this.#upload(entry);
      if (turn !== this.#turn) return;
      if (!imageIds) {
        this.#inFlight.delete(roomId);
        this.#flush();
        return;
      }
      this.#sending.add(clientId);
      const message = await this.#ports.send({ roomId, clientId, text, ...(imageIds.length > 0 ? { imageIds } : {}) });
      if (turn !== this.#turn) return;
      this.#backOff.taken(roomId);
      this.#settled.add(clientId);
      this.#ports.sent(message);
      this.#show();
      this.#ports.tell({ kind: 'sent', message });
      await this.#change((kept) => ({ ...kept, entries: without(kept.entries, (one) => one.clientId === clientId) }));
    } catch (error) {
      if (turn !== this.#turn) return;
      await this.#refused(entry, error);
    } finally {
      this.#sending.delete(clientId);
    }
    if (turn !== this.#turn) return;
    this.#inFlight.delete(roomId);
    this.#ports.tell({ kind: 'changed' });
    this.#flush();
  }

  /**
   * Has the server keep what it does not have yet of a message's photos, and returns their ids; undefined where the message is
   * not wanted any more, or not as it was. What is there stays noted, so that nothing is sent twice, whichever tab goes on.
   */
  async #upload({ clientId, photos }: Outgoing): Promise<string[] | undefined> {
    if (!photos) return [];
    const failed = await uploadAll(photos, this.#ports.upload, (key, found) =>
      this.#change((kept) => ({ ...kept, entries: noted(kept.entries, clientId, key, found) })),
    );
    const now = this.#kept.entries.find((one) => one.clientId === clientId);
    if (!now?.photos) return undefined;
    if (failed !== undefined) throw failed instanceof Error ? failed : new Error('an upload failed');
    const images = now.photos.flatMap(({ image }) => (image ? [image.id] : []));
    // Another tab has begun anew with them meanwhile: so does this one, and sends no message without its photo.
    return images.length === now.photos.length ? images : undefined;
  }

  /** The oldest message of a room, if this tab is the one that sends. */
  async #claim(roomId: string): Promise<{ entry?: Outgoing; slept: boolean }> {
    const asker = { tab: this.#tab, locked: this.#lock?.held ?? false };
    const claimed: { entry?: Outgoing } = {};
    const kept = await this.#change((before) => {
      delete claimed.entry;
      const here = asker.tab === this.#tab;
      const lease = here ? grant(before.lease, asker, this.#now(), this.#gone) : undefined;
      const entry = before.entries.find((one) => one.roomId === roomId && one.state !== 'failed');
      if (!lease || !entry) return before;
      claimed.entry = entry;
      const inherited = before.lease?.tab !== asker.tab;
      const entries = before.entries.map((one): Outgoing => {
        if (one === entry) return { ...one, state: 'sending' };
        return inherited ? requeued(one) : one;
      });
      return { entries, lease };
    });
    if (claimed.entry) {
      this.#beat();
      this.#ports.tell({ kind: 'changed' });
    } else if (!this.#mine(kept.lease)) this.#watch();
    // The page was put away meanwhile, or the lease ran out between two lines: what it knows is of then.
    return { ...claimed, slept: asker.tab !== this.#tab || (claimed.entry !== undefined && !this.#mine(kept.lease)) };
  }

  /** Keeps the lease while something is on its way. */
  #beat(): void {
    this.#stopHeart ??= this.#later(() => {
      this.#stopHeart = undefined;
      const { lease } = this.#kept;
      if (lease?.tab !== this.#tab) return;
      const turn = this.#turn;
      const asker = { tab: this.#tab, locked: this.#lock?.held ?? false };
      void this.#change((kept) =>
        kept.lease?.tab === asker.tab ? { ...kept, lease: grant(kept.lease, asker, this.#now(), this.#gone) } : kept,
      ).then((kept) => {
        if (turn === this.#turn && this.#mine(kept.lease)) this.#beat();
      });
    }, heartbeat);
  }

  #release(): void {
    this.#stopHeart?.();
    this.#stopHeart = undefined;
    const tab = this.#tab;
    this.#kept = { entries: this.#kept.entries };
    // Not in line with the other steps: a page that goes has no time for them.
    this.#disk
      .change((kept) => (kept.lease?.tab === tab ? { entries: kept.entries.map(requeued) } : kept))
      .catch(() => undefined);
  }

  /** Another tab sends: looks again when its lease runs out, or when it is gone. */
  #watch(): void {
    const { lease } = this.#kept;
    this.#stopWatch?.();
    this.#stopWatch = undefined;
    const now = this.#now();
    if (!isLive(lease, now) || lease.tab === this.#tab) {
      this.#show();
      return;
    }
    const abort = new AbortController();
    const over = this.#later(
      () => {
        abort.abort();
        this.refresh();
      },
      lease.until - now + 50,
    );
    if (lease.locked) {
      this.#ports.whenGone?.(lease.tab, abort.signal, () => {
        this.#gone.add(lease.tab);
        this.refresh();
      });
    }
    this.#stopWatch = () => {
      abort.abort();
      over();
    };
  }

  async #refused({ clientId, roomId, photos }: Outgoing, error: unknown): Promise<void> {
    const code = codeOf(error);
    // Images that wait too long are gone from the server: once more from the beginning.
    const lost = photos !== undefined && error instanceof Refusal && error.fields['imageIds'] !== undefined;
    const restarted = lost && !this.#restarted.has(clientId);
    if (restarted) {
      this.#restarted.add(clientId);
      for (const { key } of photos) this.#ports.cancelUpload(key);
    }
    const again =
      restarted || code === 'offline' || code === 'rate_limited' || code === 'unavailable' || code === 'unauthorized';
    const tab = this.#tab;
    const settle = this.#change((kept) => ({
      ...kept,
      entries: kept.entries.map((entry): Outgoing => {
        if (entry.clientId !== clientId) return entry;
        if (!again) return { ...entry, state: 'failed', reason: code };
        const next = restarted ? anew(entry) : entry;
        return kept.lease?.tab === tab ? queued(next) : next;
      }),
    }));
    if (!again) {
      this.#backOff.taken(roomId);
      await settle;
      return;
    }
    if (restarted) {
      await settle;
      return;
    }
    this.#backOff.wait(roomId, code, error instanceof Refusal ? error.retryAfterMs : undefined, () => this.#flush());
    await settle;
    if (code === 'unauthorized') await this.#ports.renew().catch(() => undefined);
  }
}
