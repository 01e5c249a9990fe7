/** Runs something later; returns how to call it off. */
export type Later = (run: () => void, ms: number) => () => void;

export const afterwards: Later = (run, ms) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** The longest wait that nobody asked for, in milliseconds, give or take a quarter. */
const longest = 15_000;

/** Rooms whose oldest message the server did not take now, and which wait before it is sent again. */
export class BackOff {
  readonly #later: Later;
  readonly #waiting = new Map<string, { early: boolean; end: () => void }>();
  /** How often in a row a room's message was not taken. */
  readonly #attempts = new Map<string, number>();

  constructor(later: Later) {
    this.#later = later;
  }

  waits(roomId: string): boolean {
    return this.#waiting.has(roomId);
  }

  /** Waits as long as was told, or longer every time. */
  wait(roomId: string, code: string, toldMs: number | undefined, then: () => void): void {
    const attempt = (this.#attempts.get(roomId) ?? 0) + 1;
    this.#attempts.set(roomId, attempt);
    const own = Math.min(1000 * 2 ** (attempt - 1), longest) * (0.75 + Math.random() / 2);
    const end = this.#later(
      () => {
        this.#waiting.delete(roomId);
        then();
      },
      toldMs ?? (code === 'rate_limited' ? 1000 : own),
    );
    // A line that comes back is better news than any wait; a limit is waited out.
    this.#waiting.set(roomId, { early: code === 'offline', end });
  }

  /** The server answered for good. */
  taken(roomId: string): void {
    this.#attempts.delete(roomId);
  }

  /** There is a way to send again. */
  reachable(): void {
    for (const [roomId, { early, end }] of this.#waiting) {
      if (!early) continue;
      end();
      this.#waiting.delete(roomId);
      this.#attempts.delete(roomId);
    }
  }

  clear(): void {
    for (const { end } of this.#waiting.values()) end();
    this.#waiting.clear();
    this.#attempts.clear();
  }
}
