// People who chat through the real socket.io-client, as a stranger's program would: they send, edit and delete with
// acknowledgements, ask again under the same clientId where none came, follow the stream by its cursor, and catch up after
// every interruption. What each of them did and saw is what Go checks.
//
//   node people.mjs CONFIG     {url, direct, seed, pause, rooms: [id], people: [{id, loginId, password, connections, owns: [id]}]}
//
// A line {acked, repeated, refused} goes out for every acknowledgement and refusal. A line on standard input ends the
// sending; then come lines {change} and {view}, and the end.
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const config = JSON.parse(process.argv[2]);
const count = { acked: 0, repeated: 0, refused: 0 };
const changes = [];
let stopping = false;

const input = createInterface({ input: process.stdin });
input.once('line', () => {
  stopping = true;
  void settle();
});
input.once('close', () => stopping || process.exit(1)); // who started us is gone

function fail(why) {
  process.stderr.write(`people: ${why}\n`);
  process.exit(1);
}

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const sleep = (ms) => new Promise((later) => setTimeout(later, ms));

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
let state = config.seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const pick = (list) => list[Math.floor(random() * list.length)];

/** Asks the server itself, past all faults but its own absence. */
async function ask(method, path, { token, body } = {}) {
  for (;;) {
    try {
      const response = await fetch(`${config.direct}/api/v1${path}`, {
        method,
        headers: {
          ...(body && { 'content-type': 'application/json' }),
          ...(token && { authorization: `Bearer ${token}` }),
        },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      if (response.ok) return await response.json();
      if (response.status !== 503) fail(`${method} ${path}: ${response.status} ${await response.text()}`);
    } catch (error) {
      if (error.name !== 'TypeError' && error.name !== 'TimeoutError') throw error; // what fetch throws where nobody answers
    }
    await sleep(50);
  }
}

async function logIn(person) {
  const { accessToken } = await ask('POST', '/tokens', { body: { loginId: person.loginId, password: person.password } });
  person.token = accessToken;
}

const [READY, MESSAGE, CHANGES, RESET] = [0, 1, 2, 3];

/** What one connection sees of one room, by the contract's rule alone. */
class View {
  cursor = undefined;
  messages = new Map();
  steps = [];
  #catching = false;
  #again = false;

  constructor(connection, room) {
    this.connection = connection;
    this.room = room;
  }

  apply(message) {
    const known = this.messages.get(message.seq);
    if (!known || known.rev < message.rev) this.messages.set(message.seq, message);
  }

  onReady(head) {
    this.steps.push([READY, this.cursor === undefined ? 1 : 0, head, 0]);
    this.cursor ??= head;
    if (head !== this.cursor) void this.catchUp();
  }

  onMessage({ message, after }) {
    this.steps.push([MESSAGE, after, message.rev, message.seq]);
    if (message.rev <= this.cursor) return;
    if (after > this.cursor) {
      void this.catchUp();
      return;
    }
    this.apply(message);
    this.cursor = message.rev;
  }

  /** One at a time; what asks meanwhile is answered by another round. */
  async catchUp() {
    this.#again = true;
    if (this.#catching) return;
    this.#catching = true;
    while (this.#again) {
      this.#again = false;
      await this.#readChanges();
    }
    this.#catching = false;
  }

  async #readChanges() {
    for (let more = true; more; ) {
      const since = this.cursor;
      const answer = await this.connection.socket
        .timeout(3000)
        .emitWithAck('room:changes', { roomId: this.room, since, epoch: this.connection.epoch, limit: 50 })
        .catch(() => undefined);
      if (!answer) {
        if (!this.connection.socket.connected) return; // ready comes again
        continue;
      }
      if (!answer.ok) {
        if (answer.error.code !== 'unavailable') fail(`room:changes: ${JSON.stringify(answer)}`);
        await sleep(50);
        continue;
      }
      if (answer.reset) {
        this.messages.clear();
        answer.messages.forEach((message) => this.apply(message));
        this.cursor = answer.next;
        this.steps.push([RESET, since, answer.next, answer.messages.length < 50 ? 0 : answer.messages[0].seq]);
        return;
      }
      this.steps.push([CHANGES, since, answer.next, 0]);
      answer.messages.forEach((message) => this.apply(message));
      this.cursor = Math.max(this.cursor, answer.next);
      more = answer.hasMore;
    }
  }
}

/** Every way there is to be connected, in turn: the promises hold over each of them, and from one to the other. */
const ways = [['websocket'], ['polling'], ['polling', 'websocket']];

class Connection {
  epoch = undefined;
  views = new Map();

  constructor(person, name, way) {
    this.person = person;
    this.name = name;
    config.rooms.forEach((room) => this.views.set(room, new View(this, room)));
    this.socket = io(config.url, {
      transports: way,
      auth: (give) => give({ token: person.token }),
      forceNew: true,
      timeout: 1500,
      reconnectionDelay: 20,
      reconnectionDelayMax: 200,
    });
    this.socket.on('ready', ({ epoch, rooms }) => {
      this.epoch ??= epoch;
      if (epoch !== this.epoch) fail('the epoch changed');
      rooms.forEach(({ room }) => this.views.get(room.id)?.onReady(room.head));
    });
    this.socket.on('message', (event) => this.views.get(event.message.roomId)?.onMessage(event));
    this.socket.on('connect_error', async ({ message }) => {
      if (message !== 'unauthorized') return;
      await logIn(person); // the token's quarter of an hour is over
      this.socket.connect();
    });
  }

  /** Asks for a change until it is answered; a send is sometimes given up, as by someone who closes the page. */
  async change(change, event, payload) {
    const entry = { ...change, by: this.person.id, tries: 0, got: null };
    for (;;) {
      entry.tries += 1;
      const answer = await this.socket
        .timeout(1200)
        .emitWithAck(event, payload)
        .catch(() => undefined);
      if (answer?.ok) {
        entry.got = answer.message;
        changes.push(entry);
        count.acked += 1;
        if (entry.verb === 'send' && entry.tries > 1) count.repeated += 1;
        print(count);
        return entry.got;
      }
      if (answer && answer.error.code !== 'unavailable') {
        // Who owns the room may have deleted it meanwhile.
        if (entry.verb === 'edit' && answer.error.code === 'forbidden') return undefined;
        fail(`${event}: ${JSON.stringify(answer)}`);
      }
      if (answer) {
        count.refused += 1;
        print(count);
        await sleep(20 + random() * 80);
      } else if (entry.verb === 'send' && !stopping && random() < 0.05) {
        changes.push(entry);
        return undefined;
      } else if (this.socket.connected && random() < 0.2) {
        this.socket.disconnect().connect(); // patience has ended: the next try goes over another connection
      }
    }
  }

  /** One change after the other in one room. */
  async write(room) {
    const line = `${this.name}/${config.rooms.indexOf(room)}`;
    const mine = [];
    for (let n = 0; !stopping; n += 1) {
      const id = `${line}-${n}`;
      const text = `${line}의 ${n}번째 말`;
      const sent = await this.change({ line, verb: 'send', room, id, text }, 'message:send', { roomId: room, clientId: id, text });
      if (sent) mine.push(sent);
      const dice = random();
      if (mine.length > 0 && dice < 0.15) {
        const { seq, clientId } = pick(mine);
        const edited = `${line}에서 ${n}번째로 고친 말`;
        await this.change({ line, verb: 'edit', room, id: clientId, text: edited }, 'message:edit', { roomId: room, seq, text: edited });
      } else if (mine.length > 0 && dice < 0.22) {
        const [{ seq, clientId }] = mine.splice(Math.floor(random() * mine.length), 1);
        await this.change({ line, verb: 'delete', room, id: clientId, text: '' }, 'message:delete', { roomId: room, seq });
      } else if (dice < 0.26 && this.person.owns.includes(room)) {
        const seen = [...this.views.get(room).messages.values()].slice(-30).filter(({ kind }) => kind === 'message');
        if (seen.length > 0) {
          const { seq, clientId } = pick(seen);
          await this.change({ line, verb: 'delete', room, id: clientId, text: '' }, 'message:delete', { roomId: room, seq });
        }
      }
      if (mine.length > 10) mine.shift();
      await sleep(random() * config.pause);
    }
  }
}

await Promise.all(config.people.map(logIn));
const connections = config.people.flatMap((person, p) =>
  Array.from({ length: person.connections }, (_, c) => new Connection(person, `n${p}.${c}`, ways[(p + c) % ways.length])),
);
// Of each person's connections the first writes in every room, the second in one of them, others only read.
const writing = connections.flatMap((connection) => {
  const c = Number(connection.name.split('.')[1]);
  const rooms = c === 0 ? config.rooms : c === 1 ? config.rooms.slice(0, 1) : [];
  return rooms.map((room) => connection.write(room));
});

// Where a websocket breaks at the moment it takes over from polling, engine.io-client 6.6 waits for its ping time-out of 45 s:
// it neither polls nor says that upgrading failed. People do not wait that long.
let stuck = [];
setInterval(() => {
  const upgrading = connections.filter(({ socket }) => socket.io.engine?.upgrading);
  for (const { socket } of upgrading.filter((connection) => stuck.includes(connection))) socket.disconnect().connect();
  stuck = upgrading;
}, 2000);

async function settle() {
  await Promise.all(writing);
  const views = connections.flatMap(({ views }) => [...views.values()]);
  for (const room of config.rooms) {
    const { room: now } = await ask('GET', `/rooms/${room}`, { token: config.people[0].token });
    // What a node found by itself arrives within 10 s: silence for longer than that is silence for ever.
    for (let tries = 0; tries < 300 && views.some((view) => view.room === room && view.cursor < now.head); tries += 1) {
      await sleep(50);
    }
  }
  for (const change of changes) print({ change });
  for (const { connection, room, steps, cursor, messages } of views) {
    print({ view: { who: connection.name, room, steps, cursor: cursor ?? 0, messages: [...messages.values()] } });
  }
  process.stdout.write('', () => process.exit(0));
}
