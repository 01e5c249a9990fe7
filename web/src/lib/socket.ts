import type { Socket } from 'socket.io-client';
import type { ClientEvents, Failure, ServerEvents } from '../wire.gen';
import { refreshSession } from './api';
import { setOffline, setOnline, setUnsought } from './conn';
import { NoAnswer, Refusal } from './problem';
import { serverNow } from './serverClock';

type Incoming = { [E in keyof ServerEvents]: (payload: ServerEvents[E]) => void };
type Acknowledged = {
  [E in keyof ClientEvents]: ClientEvents[E]['answer'] extends void ? never : E;
}[keyof ClientEvents];
type Acknowledgement<E extends Acknowledged> =
  ({ ok: true } & ClientEvents[E]['answer']) | { ok: false; error: Failure };
type Outgoing = {
  [E in keyof ClientEvents]: ClientEvents[E]['answer'] extends void
    ? (payload: ClientEvents[E]['payload']) => void
    : (payload: ClientEvents[E]['payload'], ack: (answer: unknown) => void) => void;
};

/** The library's own type of this cannot follow an event's name to its answer. */
interface PatientEmitter<E extends Acknowledged> {
  emit(
    event: E,
    payload: ClientEvents[E]['payload'],
    ack: (error: Error | null, answer: Acknowledgement<E>) => void,
  ): void;
}

/** How long an acknowledgement is awaited. Nothing is lost by giving up: sends repeat with the same clientId. */
const ackWithin = 10_000;

let socket: Socket<Incoming, Outgoing> | undefined;
/** Counts openings and closings: what was begun for an older one stops. */
let turn = 0;

interface Listener {
  /** `ready` is also told when its connection was sought. */
  on: Omit<Incoming, 'ready'> & { ready: (ready: ServerEvents['ready'], soughtAt: string) => void };
  /** The session is over: the server refused to renew it. */
  signedOut: () => void;
  disconnected: () => void;
}

/** Opens the connection of the session that the cookies name. It comes back by itself until closeSocket. */
export async function openSocket({ on, signedOut, disconnected }: Listener): Promise<void> {
  closeSocket();
  const mine = turn;
  setOffline();
  // A visitor never needs the library.
  const io = await library();
  if (turn !== mine) return;
  const opened: Socket<Incoming, Outgoing> = io({
    path: '/socket.io/',
    // Polling is for networks that let no WebSocket through.
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    // After a restart of the server everybody comes back: between a quarter of a second and almost two.
    reconnectionDelay: 1000,
    reconnectionDelayMax: 10_000,
    randomizationFactor: 0.75,
    timeout: 10_000,
  });
  socket = opened;

  /** How often in a row the session was renewed without a connection coming of it. */
  let renewals = 0;
  const renew = async () => {
    let wait = 1000;
    // A server that renews the session and then does not know it must not be asked without end.
    if (renewals > 0) await pause(Math.min(1000 * 2 ** renewals, 15_000));
    renewals += 1;
    while (socket === opened) {
      try {
        if (await refreshSession()) opened.connect();
        else signedOut();
        return;
      } catch {
        // Nobody could say whether the session lives: ask again later.
        await pause(wait);
        wait = Math.min(wait * 2, 15_000);
      }
    }
  };

  opened.on('connect_error', (error) => {
    setOffline();
    // A refusal by the server, unlike a broken line, is not retried by the client itself.
    if (!opened.active && socket === opened) void (error.message === 'unauthorized' ? renew() : retryLater(opened));
  });
  opened.on('disconnect', (reason) => {
    setOffline();
    disconnected();
    if (reason === 'io server disconnect' && socket === opened) void renew();
  });
  let soughtAt = serverNow().toISOString();
  const seek = () => {
    soughtAt = serverNow().toISOString();
  };
  opened.io.on('reconnect_attempt', seek);
  opened.on('ready', (ready) => {
    renewals = 0;
    on.ready(ready, soughtAt);
    if (socket === opened) setOnline();
  });
  opened.on('message', on.message);
  opened.on('room:updated', on['room:updated']);
  opened.on('room:removed', on['room:removed']);
  opened.on('room:read', on['room:read']);
  opened.on('room:typing', on['room:typing']);
  opened.on('presence', on.presence);
  opened.on('user:updated', on['user:updated']);
  opened.on('lobby', on.lobby);
  opened.on('session:ended', on['session:ended']);
}

async function retryLater(opened: Socket<Incoming, Outgoing>): Promise<void> {
  await pause(3500);
  if (socket === opened) opened.connect();
}

let hurry: () => void = () => undefined;

/** About so long, so that not all come back in the same moment; until reconnectNow at most. */
async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    hurry = resolve;
    setTimeout(resolve, ms * (0.5 + Math.random()));
  });
}

/** Fetched again and again until it comes: without it nothing works. */
async function library() {
  for (;;) {
    try {
      return (await import('socket.io-client')).io;
    } catch {
      await pause(2000);
    }
  }
}

export function closeSocket(): void {
  turn += 1;
  const closed = socket;
  socket = undefined;
  closed?.off();
  closed?.disconnect();
  setUnsought();
}

/** Emits and awaits the acknowledgement. Throws Refusal, or NoAnswer where none came: offline, broken off, timed out. */
export async function ask<E extends Acknowledged>(
  event: E,
  payload: ClientEvents[E]['payload'],
  within = ackWithin,
): Promise<ClientEvents[E]['answer']> {
  const current = socket;
  // While offline nothing is queued inside the library: the outbox knows better what to repeat.
  if (!current?.connected) throw new NoAnswer('offline');
  const answer = await new Promise<Acknowledgement<E>>((resolve, reject) => {
    const patient = current.timeout(within) as unknown as PatientEmitter<E>;
    patient.emit(event, payload, (error, acknowledged) => {
      if (error) reject(new NoAnswer(error));
      else resolve(acknowledged);
    });
  });
  if (!answer.ok) throw new Refusal(answer.error);
  return answer;
}

/** Tells that we are typing, if the line is free. */
export function sayTyping(roomId: string): void {
  if (socket?.connected) socket.volatile.emit('room:typing', { roomId });
}

/** The network or the page came back: try now instead of after the back-off. */
function reconnectNow(): void {
  hurry();
  if (socket && !socket.connected && socket.active) {
    socket.disconnect();
    socket.connect();
  }
}

/** A connection that does not answer, though it looks open, is broken off and made again. */
export async function probe(question: () => Promise<unknown>): Promise<void> {
  const probed = socket;
  if (!probed?.connected) {
    reconnectNow();
    return;
  }
  try {
    await question();
  } catch (error) {
    // Another connection may have taken its place meanwhile. The library would wait to write out what the dead one holds.
    if (error instanceof NoAnswer && probed === socket) {
      probed.disconnect();
      probed.connect();
    }
  }
}
