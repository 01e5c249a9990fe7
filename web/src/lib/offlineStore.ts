import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Category, Member, MyRoom, User } from '../wire.gen';
import { beginOn, inTime, offlineName } from './database';
import type { Timeline } from './timeline';

/** What is kept for reading without a connection belongs to one user, and to one life of the server's database. */
export interface Owner {
  userId: string;
  epoch: string;
}

/** What stands around the rooms. */
export interface Lists {
  user: User;
  rooms: MyRoom[];
  categories: Category[];
  /** Those whom the list of rooms names. */
  users: User[];
}

export interface KeptRoom {
  roomId: string;
  /** When its reader became a member: of an earlier membership they may have seen what they may see no more. */
  joinedAt: string;
  /** When it was last open. */
  at: number;
  /** The newest messages. */
  timeline: Timeline;
  users: User[];
  members?: Member[];
}

export interface Copy {
  /** Of this making: what was wiped and made anew is another one. */
  id: string;
  owner: Owner;
  lists?: Lists;
}

interface Schema extends DBSchema {
  copy: { key: 'copy'; value: Copy };
  rooms: { key: string; value: KeptRoom; indexes: { at: number } };
}

/** So many rooms are kept, those that were open last. */
export const mostRooms = 20;

let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= inTime(open()).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(): Promise<IDBPDatabase<Schema>> {
  const db = await openDB<Schema>(offlineName, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('copy');
      fresh.createObjectStore('rooms', { keyPath: 'roomId' }).createIndex('at', 'at');
    },
    // Somebody wants to change or delete it.
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

const begin = <Mode extends IDBTransactionMode>(mode: Mode) => beginOn(database, ['copy', 'rooms'], mode);

/** What is there, whosever it is. */
export async function readCopy(): Promise<{ copy: Copy | undefined; rooms: KeptRoom[] }> {
  const tx = await begin('readonly');
  const [copy, rooms] = await Promise.all([
    tx.objectStore('copy').get('copy'),
    tx.objectStore('rooms').index('at').getAll(),
  ]);
  return { copy, rooms };
}

/** Takes up the copy of this owner; anybody else's is wiped. */
export async function claimCopy(owner: Owner): Promise<{ id: string; rooms: KeptRoom[] }> {
  const tx = await begin('readwrite');
  const [copies, rooms] = [tx.objectStore('copy'), tx.objectStore('rooms')];
  const copy = await copies.get('copy');
  if (copy && copy.owner.userId === owner.userId && copy.owner.epoch === owner.epoch) {
    const kept = await rooms.index('at').getAll();
    await tx.done;
    return { id: copy.id, rooms: kept };
  }
  const id = `${Date.now()}-${Math.random()}`;
  await Promise.all([copies.put({ id, owner }, 'copy'), rooms.clear(), tx.done]);
  return { id, rooms: [] };
}

/** Of two states of a room the one that knows more is kept, whichever tab comes last. */
const knowsMore = (old: KeptRoom, next: KeptRoom): boolean =>
  old.timeline.rev === next.timeline.rev
    ? old.timeline.messages.length <= next.timeline.messages.length
    : old.timeline.rev < next.timeline.rev;

/**
 * Puts into a copy what changed. Rooms that are not `wanted`, and those beyond the bound that were open the longest ago,
 * go. False: this copy is no more, and nothing was written.
 */
export async function writeCopy(
  id: string,
  lists: Lists | undefined,
  changed: readonly KeptRoom[],
  wanted: ReadonlySet<string>,
): Promise<boolean> {
  const tx = await begin('readwrite');
  const [copies, rooms] = [tx.objectStore('copy'), tx.objectStore('rooms')];
  const copy = await copies.get('copy');
  if (copy?.id !== id) return false;
  if (lists) await copies.put({ ...copy, lists }, 'copy');
  for (const room of changed) {
    const old = await rooms.get(room.roomId);
    const known = old && old.joinedAt === room.joinedAt && !knowsMore(old, room) ? old : room;
    await rooms.put({ ...known, at: Math.max(room.at, old?.at ?? 0) });
  }
  const keys = await rooms.index('at').getAllKeys();
  const there = keys.filter((roomId) => wanted.has(roomId));
  const gone = keys.filter((roomId) => !wanted.has(roomId));
  const tooMany = there.slice(0, Math.max(there.length - mostRooms, 0));
  await Promise.all([...[...gone, ...tooMany].map((roomId) => rooms.delete(roomId)), tx.done]);
  return true;
}

/** Removes everything; where a user is named, everything of theirs. */
export async function wipeCopy(userId?: string): Promise<void> {
  const tx = await begin('readwrite');
  const copies = tx.objectStore('copy');
  const copy = await copies.get('copy');
  if (userId !== undefined && copy !== undefined && copy.owner.userId !== userId) return;
  await Promise.all([copies.clear(), tx.objectStore('rooms').clear(), tx.done]);
}
