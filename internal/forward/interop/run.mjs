// node run.mjs URL WAY has a few real clients chat with the servers behind URL, over "polling", over "websocket", or from the
// one to the other ("default", as socket.io-client does by itself). It prints "settled" when the first part is done; after a line
// on its standard input, for which a server may have been killed, it goes on for a while. The Go test
// TestRealClientsAnywhere is who calls it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { io } from "socket.io-client";

const [url, way] = process.argv.slice(2);
const transports = { polling: ["polling"], websocket: ["websocket"] }[way]; // undefined: the default
const clients = 8;
const burst = 150;

setTimeout(() => {
  console.log("FAIL out of time");
  process.exit(1);
}, 60_000).unref();

let proceed = false;
once(process.stdin, "data").then(() => (proceed = true));

class Client {
  last = 0; // the item that came last
  put = 0; // what was acknowledged last
  drops = 0;

  constructor(n) {
    this.socket = io(url, {
      ...(transports && { transports }),
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
      auth: (answer) => answer({ id: `${way}-${n}`, since: this.last }),
    });
    this.socket.on("disconnect", () => this.drops++);
    this.socket.on("item", (seq, bytes) => {
      assert.equal(seq, this.last + 1, "an item is lost, repeated, or out of order");
      assert.deepEqual(Buffer.from(bytes), content(seq));
      this.last = seq;
    });
  }

  /** What is sent without waiting comes back once, in order, with its acknowledgements, and the connection lasts. */
  async echoes() {
    await new Promise((resolve) => (this.socket.connected ? resolve() : this.socket.once("connect", resolve)));
    const back = [];
    this.socket.on("echo", (n, bytes) => {
      assert.equal(bytes instanceof Buffer, n % 10 === 0);
      back.push(n);
    });
    const acknowledged = [];
    for (let n = 0; n < burst; n++) {
      this.socket.emit("echo", n, n % 10 ? "text" : content(n), (answer) => acknowledged.push(answer));
      if (n % 7 === 0) await sleep(2);
    }
    while (back.length < burst || acknowledged.length < burst) await sleep(5);
    await sleep(50);
    const all = Array.from({ length: burst }, (_, n) => n);
    assert.deepEqual(back, all);
    assert.deepEqual(acknowledged, all);
    assert.equal(await this.socket.emitWithAck("large"), 1_500_000); // more than a message of a bus may have
    assert.equal(this.drops, 0, "the connection was lost");
  }

  /** Items are put one after the other, again where it is not known whether they were. */
  async puts(count) {
    for (const end = this.put + count; this.put < end; ) {
      const n = this.put + 1;
      try {
        assert.equal(await this.socket.timeout(3000).emitWithAck("put", n, content(n)), n);
        this.put = n;
      } catch (error) {
        if (error.code === "ERR_ASSERTION") throw error;
      }
    }
  }
}

const content = (n) => Buffer.alloc(500 + n, n);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const all = Array.from({ length: clients }, (_, n) => new Client(n));
for (const client of all) {
  client.socket.on("large", (text, answer) => answer(text.length));
}
try {
  await Promise.all(all.map((client) => client.echoes()));
  console.log("settled", ...all.map(({ socket }) => socket.io.engine.transport.name));
  await Promise.all(
    all.map(async (client) => {
      while (!proceed) await client.puts(1);
      await client.puts(40);
      while (client.last < client.put) await sleep(5);
    }),
  );
  await sleep(100); // for what should not come
  for (const client of all) assert.equal(client.last, client.put);
  console.log("ok", `drops: ${all.map(({ drops }) => drops)}`, `items: ${all.map(({ last }) => last)}`);
} catch (error) {
  console.log("FAIL", error.stack);
  process.exitCode = 1;
}
for (const { socket } of all) socket.disconnect();
process.stdin.destroy();
