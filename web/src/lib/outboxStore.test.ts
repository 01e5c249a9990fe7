import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import { database, freezeDatabase, reopen, thawDatabase } from './database';
import type { Outgoing } from './outgoing';
import { DiskStore } from './outboxStore';

const entry = (clientId: string, more: Partial<Outgoing> = {}): Outgoing => ({
  clientId,
  roomId: 'r',
  text: clientId,
  state: 'queued',
  at: '2026-01-01T00:00:00.000Z',
  ...more,
});
const add = (disk: DiskStore, one: Outgoing) =>
  disk.change((kept) => ({ ...kept, entries: [...kept.entries, one] })).then(texts);
const texts = ({ entries }: { entries: readonly Outgoing[] }) => entries.map(({ text }) => text);
const read = (userId: string) => new DiskStore(userId).change((kept) => kept);

describe('what the browser keeps', () => {
  it('keeps the order of writing over tabs, through changes in the middle', async () => {
    const [one, two] = [new DiskStore('order'), new DiskStore('order')];
    await Promise.all([add(one, entry('1')), add(two, entry('2')), add(one, entry('3')), add(two, entry('4'))]);
    await two.change(({ entries }) => ({
      entries: entries
        .filter(({ clientId }) => clientId !== '3')
        .map((old) => (old.clientId === '2' ? { ...old, state: 'failed', reason: 'forbidden' } : old)),
    }));
    const { entries } = await read('order');
    expect(texts({ entries })).toEqual(['1', '2', '4']);
    expect(entries[1]).toMatchObject({ state: 'failed', reason: 'forbidden' });
  });
  it('keeps each user’s apart, with the lease', async () => {
    await add(new DiskStore('jisu'), entry('jisu’s'));
    const lease = { tab: 't', until: 1, locked: false };
    await new DiskStore('minho').change((kept) => ({ ...kept, lease }));
    expect(await read('jisu')).toMatchObject({ entries: [{ text: 'jisu’s' }], lease: undefined });
    expect(await read('minho')).toEqual({ entries: [], lease });
    await new DiskStore('minho').change(() => ({ entries: [] }));
    expect(await read('minho')).toEqual({ entries: [], lease: undefined });
  });
  it('opens the database anew where its connection was closed', async () => {
    const disk = new DiskStore('closed');
    await add(disk, entry('1'));
    (await database()).close();
    expect(await add(disk, entry('2'))).toEqual(['1', '2']);
  });
  it('leaves nothing open that locks the other tabs out while the page is frozen, and goes on when it wakes', async () => {
    const disk = new DiskStore('frozen');
    await add(disk, entry('1'));
    const otherTab = indexedDB.open('maru');
    const other = await new Promise<IDBDatabase>((resolve) => {
      otherTab.onsuccess = () => resolve(otherTab.result);
    });
    let frozenInStep = false;
    const changed = disk.change((kept) => {
      if (!frozenInStep) freezeDatabase();
      frozenInStep = true;
      return { ...kept, entries: [...kept.entries, entry('2')] };
    });
    const later = add(disk, entry('3'));
    await vi.waitUntil(() => frozenInStep);
    const tx = other.transaction(['outbox', 'leases'], 'readwrite');
    const found = tx.objectStore('outbox').index('user').getAll('frozen');
    await new Promise((resolve) => {
      tx.oncomplete = resolve;
    });
    expect(found.result).toHaveLength(1);
    other.close();
    thawDatabase();
    expect(texts(await changed)).toContain('2');
    await later;
    expect(texts(await read('frozen')).sort()).toEqual(['1', '2', '3']);
  });
  it('says so where nothing can be kept', async () => {
    reopen();
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('no', 'SecurityError');
    });
    await expect(read('nobody')).rejects.toThrow('no');
  });
});
