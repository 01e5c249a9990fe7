/**
 * Who sends what the tabs of one user have in their common outbox: the tab that holds the lease. It is kept beside the
 * messages and changes in the same transactions. It saves needless repetitions; the order does not hang on it, for
 * whoever sends a message has had the answer to the one before it (docs/adr/0012-the-outbox.md).
 */
export interface Lease {
  readonly tab: string;
  /** By the clock that all tabs share, in ms since 1970. */
  readonly until: number;
  /** The tab holds the lock of its name, so that its death is told by that lock. */
  readonly locked: boolean;
}

/** So long a tab that froze or died without a word keeps the others waiting. */
export const leaseFor = 6000;
/** How often it is renewed while something is on its way. */
export const heartbeat = 2000;

/** A clock that was put back must not lengthen a lease. */
export const isLive = (lease: Lease | undefined, now: number): lease is Lease =>
  lease !== undefined && lease.until > now && lease.until <= now + leaseFor;

/** The lease for a tab that asks for it, or undefined where another holds it. `gone`: tabs that are known to be no more. */
export function grant(
  lease: Lease | undefined,
  asker: Omit<Lease, 'until'>,
  now: number,
  gone: ReadonlySet<string>,
): Lease | undefined {
  if (isLive(lease, now) && lease.tab !== asker.tab && !gone.has(lease.tab)) return undefined;
  return { ...asker, until: now + leaseFor };
}

const lockOf = (tab: string) => `maru-tab-${tab}`;

/** Web Locks are missing on plain http under a name that is not localhost. */
const locks = (): LockManager | undefined => (navigator as Partial<Navigator>).locks;

/** Takes the lock of a tab's name until it is told to let go, or the tab dies. */
export function holdLock(tab: string): { held: boolean; release: () => void } {
  const lock = { held: false, release: () => undefined as void };
  const released = new Promise<void>((resolve) => {
    lock.release = () => {
      lock.held = false;
      resolve();
    };
  });
  locks()
    ?.request(lockOf(tab), () => {
      lock.held = true;
      return released;
    })
    .catch(() => undefined);
  return lock;
}

/** Calls when a tab that held the lock of its name holds it no longer. */
export function whenGone(tab: string, signal: AbortSignal, tell: () => void): void {
  locks()
    ?.request(lockOf(tab), { signal }, tell)
    .catch(() => undefined);
}
