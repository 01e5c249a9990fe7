import { begin, inTime, reopen, whenAwake, type Row } from './database';
import type { Lease } from './lease';
import type { Outgoing } from './outgoing';

/** What is kept of one user's outbox: the messages in the order in which they were written, and who sends them. */
export interface Kept {
  readonly entries: readonly Outgoing[];
  readonly lease?: Lease | undefined;
}

export interface OutboxStore {
  /** What is in it outlives the page. */
  readonly durable: boolean;
  /**
   * Puts what `step` makes of what is kept in its place, in one transaction: no other tab comes between. New entries stand
   * at the end. Resolves when it is kept. `step` may be called twice.
   */
  change: (step: (kept: Kept) => Kept) => Promise<Kept>;
}

export class MemoryStore implements OutboxStore {
  readonly durable = false;
  #kept: Kept;

  constructor(kept: Kept = { entries: [] }) {
    this.#kept = kept;
  }

  change(step: (kept: Kept) => Kept): Promise<Kept> {
    this.#kept = step(this.#kept);
    return Promise.resolve(this.#kept);
  }
}

export class DiskStore implements OutboxStore {
  readonly durable = true;
  readonly #userId: string;

  constructor(userId: string) {
    this.#userId = userId;
  }

  async change(step: (kept: Kept) => Kept): Promise<Kept> {
    await whenAwake();
    try {
      return await inTime(this.#change(step));
    } catch {
      await whenAwake(); // the browser may have frozen the page in the middle of it
      reopen();
      return inTime(this.#change(step));
    }
  }

  async #change(step: (kept: Kept) => Kept): Promise<Kept> {
    const userId = this.#userId;
    const tx = await begin(['outbox', 'leases'], 'readwrite');
    // Whatever fails is thrown below; the transaction's own promise says it a second time.
    tx.done.catch(() => undefined);
    const [outbox, leases] = [tx.objectStore('outbox'), tx.objectStore('leases')];
    const [rows, lease] = await Promise.all([outbox.index('user').getAll(userId), leases.get(userId)]);
    const before: Kept = { entries: rows.map(({ entry }) => entry), lease };
    const after = step(before);
    const old = new Map(rows.map((row) => [row.entry.clientId, row]));
    const writes: Promise<unknown>[] = [];
    for (const entry of after.entries) {
      const row = old.get(entry.clientId);
      old.delete(entry.clientId);
      if (!row) {
        // `order` is the store's to give.
        writes.push(outbox.add({ userId, entry } as Row));
      } else if (row.entry !== entry) writes.push(outbox.put({ ...row, entry }));
    }
    for (const { order } of old.values()) writes.push(outbox.delete(order));
    if (after.lease !== lease) writes.push(after.lease ? leases.put(after.lease, userId) : leases.delete(userId));
    await Promise.all([...writes, tx.done]);
    return after;
  }
}
