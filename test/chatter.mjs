// People who chat through the real socket.io-client, as a stranger's program would: they send with acknowledgements, try
// again with the same clientId where none came, follow the stream by its cursor, and catch up after every interruption.
//
//   node chatter.mjs URL SENDERS MESSAGES
//
// One line of JSON goes out for every acknowledgement ({"acked": n}), and at the end one with everything that was
// acknowledged, what each person saw, and the history.
import { io } from 'socket.io-client';

const [url, senders, messages] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const deadline = setTimeout(() => fail('not done in time'), 120_000);

function fail(why) {
  process.stderr.write(`chatter: ${why}\n`);
  process.exit(1);
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function call(method, path, { token, body } = {}) {
  for (;;) {
    try {
      const headers = {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) fail(`${method} ${path}: ${response.status} ${text}`);
      return text ? JSON.parse(text) : {};
    } catch (error) {
      if (error.name !== 'TypeError') throw error; // what fetch throws where nobody answers
      await new Promise((later) => setTimeout(later, 50));
    }
  }
}

async function signUp(n) {
  const account = { loginId: `chatter-${n}`, password: `password of ${n}` };
  await call('POST', '/users', { body: { ...account, name: `말벗 ${n}` } });
  const { accessToken } = await call('POST', '/tokens', { body: account });
  return accessToken;
}

/** A person's view of one room, built by the contract's rule alone. */
class View {
  cursor = 0;
  messages = new Map();
  violations = [];
  epoch = undefined;
  #catching = undefined;

  constructor(socket, roomId) {
    this.socket = socket;
    this.roomId = roomId;
  }

  apply(message) {
    const known = this.messages.get(message.seq);
    if (!known || known.rev < message.rev) this.messages.set(message.seq, message);
  }

  onMessage({ message, after }) {
    if (message.roomId !== this.roomId || message.rev <= this.cursor) return;
    if (after > this.cursor) {
      void this.catchUp();
      return;
    }
    this.apply(message);
    this.cursor = message.rev;
  }

  onReady({ epoch, rooms }) {
    this.epoch ??= epoch;
    if (epoch !== this.epoch) this.violations.push('the epoch changed');
    const mine = rooms.find((entry) => entry.room.id === this.roomId);
    if (mine && mine.room.head > this.cursor) void this.catchUp();
    if (mine && mine.room.head < this.cursor) this.violations.push(`head ${mine.room.head} below cursor ${this.cursor}`);
  }

  /** One at a time: what arrives meanwhile asks again by itself. */
  catchUp() {
    this.#catching ??= this.#readChanges().finally(() => (this.#catching = undefined));
    return this.#catching;
  }

  async #readChanges() {
    for (let more = true; more; ) {
      const answer = await this.socket
        .timeout(3000)
        .emitWithAck('room:changes', { roomId: this.roomId, since: this.cursor, limit: 50 })
        .catch(() => undefined);
      if (!answer) return; // interrupted: ready comes again
      if (!answer.ok || answer.reset) {
        this.violations.push(JSON.stringify(answer));
        return;
      }
      answer.messages.forEach((message) => this.apply(message));
      this.cursor = Math.max(this.cursor, answer.next);
      more = answer.hasMore;
    }
  }
}

/** Every way there is to be connected, in turn: the sequence holds over each of them, and from one to the other. */
const ways = [['websocket'], ['polling'], ['polling', 'websocket']];
let connected = 0;

function connect(token) {
  return io(url, {
    transports: ways[connected++ % ways.length],
    auth: { token },
    forceNew: true,
    timeout: 1000,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
  });
}

let acked = 0;
const ledger = [];

/** Sends until it is acknowledged, always under the same clientId. */
async function send(socket, roomId, clientId, text) {
  for (;;) {
    const answer = await socket
      .timeout(2000)
      .emitWithAck('message:send', { roomId, clientId, text })
      .catch(() => undefined);
    if (answer?.ok) {
      ledger.push({ clientId, seq: answer.message.seq });
      acked += 1;
      print({ acked });
      return answer.message;
    }
    if (answer && answer.error.code !== 'unavailable') fail(JSON.stringify(answer));
  }
}

async function change(socket, event, payload) {
  for (;;) {
    const answer = await socket.timeout(2000).emitWithAck(event, payload).catch(() => undefined);
    if (answer?.ok) return;
    if (answer && answer.error.code !== 'unavailable') fail(JSON.stringify(answer));
  }
}

const tokens = [];
for (let n = 0; n < senders; n += 1) tokens.push(await signUp(n));
const { room } = await call('POST', '/rooms', { token: tokens[0], body: { category: '시험', name: '끊겨도 이어지는 방' } });
for (const token of tokens) await call('PUT', `/rooms/${room.id}/members/me`, { token });

const people = tokens.map((token) => {
  const socket = connect(token);
  const view = new View(socket, room.id);
  socket.on('ready', (ready) => view.onReady(ready));
  socket.on('message', (event) => view.onMessage(event));
  return { socket, view };
});

await Promise.all(
  people.map(async ({ socket }, person) => {
    for (let i = 0; i < messages; i += 1) {
      const message = await send(socket, room.id, `${person}-${i}`, `${person}번의 ${i}번째 말`);
      if (i % 7 === 3) await change(socket, 'message:edit', { roomId: room.id, seq: message.seq, text: `고친 ${person}-${i}` });
      if (i % 11 === 5) await change(socket, 'message:delete', { roomId: room.id, seq: message.seq });
    }
  }),
);

const history = [];
for (let after = 0, more = true; more; ) {
  const page = await call('GET', `/rooms/${room.id}/messages?after=${after}&limit=200`, { token: tokens[0] });
  history.push(...page.messages);
  after = history.at(-1)?.seq ?? 0;
  more = page.hasMore;
}
const { room: now } = await call('GET', `/rooms/${room.id}`, { token: tokens[0] });
for (const { view } of people) {
  for (let tries = 0; view.cursor < now.head && tries < 100; tries += 1) {
    await new Promise((later) => setTimeout(later, 50));
    if (tries === 50) view.violations.push('did not catch up by itself');
  }
}
print({
  ledger,
  history,
  views: people.map(({ view }) => ({
    cursor: view.cursor,
    violations: view.violations,
    messages: [...view.messages.values()].sort((a, b) => a.seq - b.seq),
  })),
  head: now.head,
});
people.forEach(({ socket }) => socket.disconnect());
clearTimeout(deadline);
