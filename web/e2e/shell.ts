import { expect, type Page } from '@playwright/test';

/** The worker keeps the shell: from now on the site opens without a server. */
export const shellKept = (page: Page) =>
  expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state), {
      timeout: 15_000,
    })
    .toBe('activated');

interface Kept {
  copy: { owner: { userId: string }; lists?: { rooms: unknown[] } }[];
  rooms: { roomId: string; timeline: { messages: { text?: string }[]; rev: number } }[];
}

/** The copy for reading without a connection. */
const copyOf = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<Kept>((resolve, reject) => {
        const opening = indexedDB.open('maru-offline');
        opening.onerror = () => reject(new Error('not opened'));
        opening.onsuccess = () => {
          const db = opening.result;
          const tx = db.transaction(['copy', 'rooms']);
          const copy = tx.objectStore('copy').getAll();
          const rooms = tx.objectStore('rooms').getAll();
          tx.oncomplete = () => {
            db.close();
            resolve({ copy: copy.result as Kept['copy'], rooms: rooms.result as Kept['rooms'] });
          };
        };
      }),
  );

/** Waits until the copy is made, and has a room's message. */
export const copied = (page: Page, text: string) =>
  expect
    .poll(
      async () =>
        (await copyOf(page).catch(() => undefined))?.rooms.flatMap((room) => room.timeline.messages.map((m) => m.text)),
      { timeout: 15_000 },
    )
    .toContain(text);
