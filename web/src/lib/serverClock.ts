/** Whoever's clock is nearer than this to the server's, within what a page takes to arrive, has it right. */
const right = 60_000;

/** By how much this device's clock is ahead of the server's, in ms. */
let ahead = 0;

/** What the server's clock said when it made the page. */
export function setServerClock(now: string): void {
  const by = Date.now() - Date.parse(now);
  ahead = Math.abs(by) < right ? 0 : by;
}

/** The time by the server's clock, which gives messages theirs: what is compared with them is of the same clock. */
export const serverNow = (): Date => new Date(Date.now() - ahead);
