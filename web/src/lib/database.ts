import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import type { Lease } from './lease';
import type { Outgoing } from './outgoing';

export interface Row {
  /** Counts up over all tabs: what was written first has the lower one. */
  order: number;
  userId: string;
  entry: Outgoing;
}

interface Schema extends DBSchema {
  outbox: { key: number; value: Row; indexes: { user: string } };
  /** By user: the tab that sends what is in their outbox. */
  leases: { key: string; value: Lease };
  drafts: {
    key: [userId: string, roomId: string];
    value: { userId: string; roomId: string; text: string };
    indexes: { user: string };
  };
}

/** The copy for reading without a connection is a database of its own: nothing that happens to it concerns what is unsent. */
export const offlineName = 'maru-offline';

export type Database = IDBPDatabase<Schema>;

/** An IndexedDB that hangs is as bad as none. */
const patience = 10_000;

export async function inTime<T>(work: Promise<T>, ms = patience): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('IndexedDB does not answer')), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

let opened: Promise<Database> | undefined;

/** What this browser keeps for its users. Throws where the browser has no IndexedDB, or none that works. */
export function database(): Promise<Database> {
  opened ??= inTime(open()).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(): Promise<Database> {
  const db = await openDB<Schema>('maru', 1, {
    upgrade(fresh) {
      fresh.createObjectStore('outbox', { keyPath: 'order', autoIncrement: true }).createIndex('user', 'userId');
      fresh.createObjectStore('leases');
      fresh.createObjectStore('drafts', { keyPath: ['userId', 'roomId'] }).createIndex('user', 'userId');
    },
    // A newer release in another tab wants to change the stores: it must not wait for this one.
    blocking: () => {
      opened = undefined;
      db.close();
    },
    terminated: () => {
      opened = undefined;
    },
  });
  return db;
}

/** The next call opens it anew: a connection that failed may be one that the browser closed. */
export function reopen(): void {
  const old = opened;
  opened = undefined;
  void old?.then((db) => db.close()).catch(() => undefined);
}

/** Transactions on their way. */
const running = new Set<{ abort: () => void }>();
let frozen: { until: Promise<void>; thaw: () => void } | undefined;

/**
 * The browser is about to freeze the page. A transaction that stood open would lock the other tabs out until this one
 * wakes: those on their way are undone, and no other begins.
 */
export function freezeDatabase(): void {
  if (frozen) return;
  let thaw = () => undefined as void;
  const until = new Promise<void>((resolve) => {
    thaw = resolve;
  });
  frozen = { until, thaw };
  for (const tx of running) {
    try {
      tx.abort();
    } catch {
      // It was over.
    }
  }
}

/** The page is awake again: what was put off begins. */
export function thawDatabase(): void {
  frozen?.thaw();
  frozen = undefined;
}

/** Resolves at once, or when the page wakes. */
export const whenAwake = (): Promise<void> => frozen?.until ?? Promise.resolve();

/** Begins a transaction, of which nothing remains where the browser freezes the page meanwhile. */
export async function beginOn<Kept extends DBSchema, Name extends StoreNames<Kept>, Mode extends IDBTransactionMode>(
  opening: () => Promise<IDBPDatabase<Kept>>,
  stores: Name[],
  mode: Mode,
): Promise<IDBPTransaction<Kept, Name[], Mode>> {
  let db = await opening();
  while (frozen) {
    await frozen.until;
    db = await opening();
  }
  const tx = db.transaction(stores, mode);
  running.add(tx);
  const over = () => running.delete(tx);
  tx.done.then(over, over);
  return tx;
}

export const begin = <Name extends StoreNames<Schema>, Mode extends IDBTransactionMode>(stores: Name[], mode: Mode) =>
  beginOn(database, stores, mode);
