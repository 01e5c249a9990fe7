import { begin } from './database';

/** What was typed and not sent, by room. The field keeps its own text, so nobody renders this. */
const drafts = new Map<string, string>();
/** Rooms whose draft is to be kept, as it is when the time comes. */
const changed = new Set<string>();
let owner: string | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Typing goes on this long between two writes. */
const rest = 400;

export const draftOf = (roomId: string): string => drafts.get(roomId) ?? '';

export function keepDraft(roomId: string, text: string): void {
  if (text === '') drafts.delete(roomId);
  else drafts.set(roomId, text);
  changed.add(roomId);
  // What was sent must not come back as a draft.
  if (text === '') void writeDrafts();
  else timer ??= setTimeout(() => void writeDrafts(), rest);
}

/** Tells when the drafts of an earlier page are there. */
export function whenDrafts(tell: () => void): () => void {
  listeners.add(tell);
  return () => void listeners.delete(tell);
}

/** Begins with what is kept of a user. A browser that keeps nothing has the drafts of this page alone. */
export async function openDrafts(userId: string): Promise<void> {
  if (owner === userId) return;
  closeDrafts();
  owner = userId;
  const kept = await begin(['drafts'], 'readonly')
    .then((tx) => tx.objectStore('drafts').index('user').getAll(userId))
    .catch(() => []);
  if (owner !== userId) return;
  for (const { roomId, text } of kept) {
    // What was typed meanwhile is newer.
    if (!drafts.has(roomId) && !changed.has(roomId)) drafts.set(roomId, text);
  }
  for (const tell of listeners) tell();
}

/** Writes at once what waits to be kept. */
export async function writeDrafts(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  const userId = owner;
  if (userId === undefined || changed.size === 0) return;
  const rooms = [...changed].map((roomId) => [roomId, draftOf(roomId)] as const);
  changed.clear();
  try {
    const tx = await begin(['drafts'], 'readwrite');
    const drafted = tx.objectStore('drafts');
    const writes = rooms.map(([roomId, text]) =>
      text === '' ? drafted.delete([userId, roomId]) : drafted.put({ userId, roomId, text }),
    );
    await Promise.all([...writes, tx.done]);
  } catch {
    // They stay in this page, and are written with the next.
    if (owner === userId) for (const [roomId] of rooms) changed.add(roomId);
  }
}

/** The session is over. What is kept stays for its writer. */
export function closeDrafts(): void {
  void writeDrafts();
  owner = undefined;
  drafts.clear();
}

/** Log-out: what was typed is its writer's, not the next user's. */
export async function wipeDrafts(): Promise<void> {
  const userId = owner;
  clearTimeout(timer);
  timer = undefined;
  owner = undefined;
  drafts.clear();
  changed.clear();
  if (userId === undefined) return;
  try {
    const tx = await begin(['drafts'], 'readwrite');
    const drafted = tx.objectStore('drafts');
    const keys = await drafted.index('user').getAllKeys(userId);
    await Promise.all([...keys.map((key) => drafted.delete(key)), tx.done]);
  } catch {
    // Nothing was kept.
  }
}
