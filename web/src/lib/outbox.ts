import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Message, SendEvent } from '../wire.gen';
import { newClientId } from './clientId';
import { Refusal, codeOf, type Code } from './problem';

/** A message on its way: queued → sending → gone from here once the server has it, or failed. */
export interface Outgoing {
  readonly clientId: string;
  readonly roomId: string;
  readonly text: string;
  readonly state: 'queued' | 'sending' | 'failed';
  /** Why it failed. */
  readonly reason?: Code;
  /** When the sender pressed the button. */
  readonly at: string;
}

interface Ports {
  /** Sends and resolves with the acknowledged message; throws Refusal or NoAnswer. */
  send: (message: SendEvent) => Promise<Message>;
  /** The message is the server's now: it goes into the timeline in the same step as it leaves the outbox. */
  sent: (message: Message) => void;
  online: () => boolean;
  later?: (run: () => void, ms: number) => void;
}

interface State {
  readonly entries: readonly Outgoing[];
}

/**
 * What was written and is not the server's yet. One send is in flight per room, so the order is the writer's. A lost
 * acknowledgement is not a failure: the same clientId is sent again, and the server answers with the message as it is.
 */
export class Outbox {
  readonly store: StoreApi<State> = createStore<State>(() => ({ entries: [] }));
  readonly #ports: Ports;
  readonly #inFlight = new Set<string>();
  /** Rooms that wait out a limit or an outage. */
  readonly #waiting = new Set<string>();
  readonly #attempts = new Map<string, number>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  add(roomId: string, text: string): string {
    const entry: Outgoing = {
      clientId: newClientId(),
      roomId,
      text: text.normalize('NFC'),
      state: 'queued',
      at: new Date().toISOString(),
    };
    this.store.setState(({ entries }) => ({ entries: [...entries, entry] }));
    void this.#pump(roomId);
    return entry.clientId;
  }

  retry(clientId: string): void {
    const entry = this.#change(clientId, ({ reason: _, ...rest }) => ({ ...rest, state: 'queued' }));
    if (entry) void this.#pump(entry.roomId);
  }

  discard(clientId: string): void {
    this.store.setState(({ entries }) => ({
      entries: entries.filter((entry) => entry.clientId !== clientId || entry.state !== 'failed'),
    }));
  }

  /** The server has it: by acknowledgement, or because our own event came first. */
  settle(clientId: string): void {
    this.#attempts.delete(clientId);
    this.store.setState((state) =>
      state.entries.some((entry) => entry.clientId === clientId)
        ? { entries: state.entries.filter((entry) => entry.clientId !== clientId) }
        : state,
    );
  }

  /** A connection is there again. */
  resume(): void {
    for (const roomId of new Set(this.store.getState().entries.map((entry) => entry.roomId))) void this.#pump(roomId);
  }

  /** The room is gone: nothing can be said there any more. */
  dropRoom(roomId: string): void {
    this.store.setState(({ entries }) => ({ entries: entries.filter((entry) => entry.roomId !== roomId) }));
  }

  /** Log-out: what was not sent is its writer's, not the next user's. */
  clear(): void {
    this.store.setState({ entries: [] });
  }

  #change(clientId: string, change: (entry: Outgoing) => Outgoing): Outgoing | undefined {
    let changed: Outgoing | undefined;
    this.store.setState(({ entries }) => ({
      entries: entries.map((entry) => (entry.clientId === clientId ? (changed = change(entry)) : entry)),
    }));
    return changed;
  }

  async #pump(roomId: string): Promise<void> {
    if (this.#inFlight.has(roomId) || this.#waiting.has(roomId) || !this.#ports.online()) return;
    const entry = this.store.getState().entries.find((one) => one.roomId === roomId && one.state === 'queued');
    if (!entry) return;
    const { clientId, text } = entry;
    this.#inFlight.add(roomId);
    this.#change(clientId, (one) => ({ ...one, state: 'sending' }));
    try {
      const message = await this.#ports.send({ roomId, clientId, text });
      this.#ports.sent(message);
      this.settle(clientId);
    } catch (error) {
      this.#refused(entry, error);
    } finally {
      this.#inFlight.delete(roomId);
    }
    void this.#pump(roomId);
  }

  #refused({ clientId, roomId }: Outgoing, error: unknown): void {
    const code = codeOf(error);
    if (code !== 'offline' && code !== 'rate_limited' && code !== 'unavailable' && code !== 'unauthorized') {
      this.#change(clientId, (entry) => ({ ...entry, state: 'failed', reason: code }));
      return;
    }
    this.#change(clientId, (entry) => ({ ...entry, state: 'queued' }));
    const attempt = (this.#attempts.get(clientId) ?? 0) + 1;
    this.#attempts.set(clientId, attempt);
    const backOff = Math.min(1000 * 2 ** (attempt - 1), 15_000) * (0.75 + Math.random() / 2);
    const told = error instanceof Refusal ? error.retryAfterMs : undefined;
    this.#waiting.add(roomId);
    const later = this.#ports.later ?? setTimeout;
    later(
      () => {
        this.#waiting.delete(roomId);
        void this.#pump(roomId);
      },
      // Offline, the return of the connection resumes; the wait only keeps a broken line from being hammered.
      code === 'rate_limited' ? (told ?? 1000) : code === 'offline' ? Math.min(backOff, 1000) : (told ?? backOff),
    );
  }
}
