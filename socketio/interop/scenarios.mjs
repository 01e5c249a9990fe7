// Scenarios of the real socket.io-client against the server that
// interop_test.go sets up.
import assert from "node:assert/strict";
import { connect, once, polls, sleep, upgrades } from "./client.mjs";

export async function connectsWithAuth() {
  const socket = connect("/", { auth: { token: "ünï", n: 1 } });
  const [auth] = await once(socket, "auth");
  assert.deepEqual(auth, { token: "ünï", n: 1 });
  assert.ok(socket.connected);
  const [id] = await Promise.all([socket.emitWithAck("id")]);
  assert.equal(id, socket.id);
}

export async function connectsWithoutAuth() {
  const socket = connect();
  const [auth] = await once(socket, "auth");
  assert.equal(auth, null);
}

export async function isRefusedWithData() {
  const socket = connect("/private", { auth: { token: "wrong" } });
  const [error] = await once(socket, "connect_error");
  assert.equal(error.message, "unauthorized");
  assert.deepEqual(error.data, { retry: false });
  assert.ok(!socket.connected);
  assert.ok(!socket.active, "a refused client does not try again by itself");
  socket.auth = { token: "right" };
  socket.connect();
  await once(socket, "connect");
}

export async function meetsAnUnknownNamespace() {
  const [error] = await once(connect("/unknown"), "connect_error");
  assert.equal(error.message, "Invalid namespace");
}

export async function sendsEveryType() {
  const socket = connect();
  const args = [
    1, -0.5, 1e21, "text", "", true, false, null, [], {}, [1, [2, [3]]], { a: { b: ["c"] } },
    "日本語 🙂 \u0000 \u2028 <&> \" \\ \n", { "ключ": "значение", __proto__x: 1 },
  ];
  socket.emit("message", ...args);
  assert.deepEqual(await once(socket, "message-back"), args);
}

export async function isAcknowledged() {
  const socket = connect();
  assert.deepEqual(await socket.emitWithAck("echo", { a: [1, "2"] }), { a: [1, "2"] });
  const many = await Promise.all(Array.from({ length: 200 }, (_, i) => socket.emitWithAck("echo", i)));
  assert.deepEqual(many, Array.from({ length: 200 }, (_, i) => i));
  assert.deepEqual(await socket.emitWithAck("add", { a: 20, b: 22 }), 42);
  assert.deepEqual(await socket.emitWithAck("add", "nonsense"), { error: { message: "invalid payload" } });
}

export async function timesOutWithoutAcknowledgement() {
  const socket = connect();
  await once(socket, "connect");
  await assert.rejects(socket.timeout(50).emitWithAck("silence"), /timed out/);
}

export async function acknowledgesTheServer() {
  const socket = connect();
  socket.on("question", (a, b, answer) => answer(a + b, "done"));
  assert.deepEqual(await socket.emitWithAck("ask me", 5), [12, "done"]);
}

export async function isTimedOutByTheServer() {
  const socket = connect();
  socket.on("question", () => {});
  assert.equal(await socket.emitWithAck("ask me", 5), "no answer");
}

export async function staysAwayAfterDisconnect() {
  const socket = connect();
  await once(socket, "connect");
  socket.emit("disconnect me");
  const [reason] = await once(socket, "disconnect");
  assert.equal(reason, "io server disconnect");
  await sleep(200);
  assert.ok(!socket.connected && !socket.active);
}

export async function comesBackAfterClose() {
  const socket = connect();
  await once(socket, "connect");
  const id = socket.id;
  const farewell = once(socket, "farewell");
  const gone = once(socket, "disconnect");
  socket.emit("close me");
  assert.deepEqual(await farewell, ["bye"]);
  const [reason, details] = await gone;
  assert.equal(reason, "transport close");
  if (!polls) assert.equal(details.context.code, 1000);
  assert.ok(socket.active, "it tries again by itself");
  await once(socket, "connect");
  assert.notEqual(socket.id, id);
}

/** Whatever the transport is at when the end comes, the client hears of it, and returns. */
export async function hearsOfTheEndWhileUpgrading() {
  for (let wait = 0; wait < (upgrades ? 30 : 3); wait++) {
    const socket = connect();
    await once(socket, "connect");
    await sleep(wait / 2);
    const [farewell, gone] = [once(socket, "farewell"), once(socket, "disconnect")];
    socket.emit("close me");
    assert.deepEqual(await farewell, ["bye"]);
    assert.equal((await gone)[0], "transport close");
    socket.disconnect();
  }
}

export async function leavesByItself() {
  const watcher = connect();
  await once(watcher, "connect");
  const socket = connect();
  await once(socket, "connect");
  const id = socket.id;
  const left = new Promise((resolve) => watcher.on("left", (who, reason) => who === id && resolve(reason)));
  socket.disconnect();
  assert.equal(await left, "client namespace disconnect");
}

export async function carriesLargeMessages() {
  const socket = connect();
  for (const size of [125, 126, 65_535, 65_536, 400_000]) {
    const text = "é".repeat(size / 2);
    assert.equal(await socket.emitWithAck("echo", text), text);
  }
}

export async function sharesAConnectionBetweenNamespaces() {
  const first = connect("/n/0", { forceNew: false });
  await once(first, "connect");
  const others = Array.from({ length: 20 }, (_, i) => first.io.socket(`/n/${i + 1}`));
  await Promise.all(others.map((socket) => once(socket, "connect")));
  const answers = await Promise.all([first, ...others].map((socket) => socket.emitWithAck("where")));
  assert.deepEqual(answers, Array.from({ length: 21 }, (_, i) => `/n/${i}`));
  others[3].disconnect();
  assert.equal(await others[4].emitWithAck("where"), "/n/5");
  others[3].connect();
  await once(others[3], "connect");
  assert.equal(await others[3].emitWithAck("where"), "/n/4");
}

export async function keepsTheOrder() {
  const socket = connect();
  const back = [];
  const done = new Promise((resolve) => socket.on("n", (n) => back.push(n) === 1000 && resolve()));
  for (let i = 0; i < 1000; i++) socket.emit("n", i);
  await done;
  assert.deepEqual(back, Array.from({ length: 1000 }, (_, i) => i));
}

export async function livesThroughPings() {
  const socket = connect();
  await once(socket, "connect");
  let pings = 0;
  socket.io.on("ping", () => pings++);
  socket.on("disconnect", (reason) => assert.fail(reason));
  await sleep(700);
  assert.ok(pings >= 2, `${pings} pings`);
  socket.off("disconnect");
}

export async function sendsBinary() {
  const socket = connect();
  const args = [Buffer.from([1, 2, 3]), { deep: [{ data: Buffer.alloc(300_000, 7) }, "text"] }, Buffer.alloc(0)];
  socket.emit("message", ...args);
  const back = await once(socket, "message-back");
  assert.deepEqual(back.map(plain), args.map(plain));
  const [answer] = [await socket.emitWithAck("echo", args[0])];
  assert.deepEqual(plain(answer), plain(args[0]));
}

export async function joinsRooms() {
  const [one, two, other] = [connect(), connect(), connect()];
  await Promise.all([one.emitWithAck("join", "a", "b"), two.emitWithAck("join", "b"), other.emitWithAck("join", "c")]);
  const heard = [one, two, other].map((socket) => {
    const all = [];
    socket.on("said", (what) => all.push(what));
    return all;
  });
  await one.emitWithAck("say to", ["a", "b"], "twice in, once heard");
  await one.emitWithAck("say to others", ["a", "b"], "not to me");
  await two.emitWithAck("leave", "b");
  await one.emitWithAck("say to", ["b"], "after leaving");
  await one.emitWithAck("say to", [], "to nobody");
  await one.emitWithAck("say to everyone", [], "to everyone");
  await Promise.all([one, two, other].map((socket) => socket.emitWithAck("echo")));
  assert.deepEqual(heard, [
    ["twice in, once heard", "after leaving", "to everyone"],
    ["twice in, once heard", "not to me", "to everyone"],
    ["to everyone"],
  ]);
}

export async function dropsWhatIsVolatile() {
  const socket = connect();
  await once(socket, "connect");
  socket.volatile.emit("n", 1);
  socket.emit("n", 2);
  const back = [];
  socket.on("n", (n) => back.push(n));
  await socket.emitWithAck("echo");
  assert.equal(back.at(-1), 2);
}

/** What both sides send while the transport changes arrives once, and in order. */
export async function losesNothingWhileUpgrading() {
  for (let round = 0; round < (upgrades ? 10 : 2); round++) {
    const socket = connect();
    await once(socket, "connect");
    const [back, ticks] = [[], []];
    socket.on("n", (n) => back.push(n));
    socket.on("tick", (n) => ticks.push(n));
    socket.emit("tick", 300);
    const count = 200;
    for (let n = 0; n < count; n++) {
      socket.emit("n", n, n % 50 ? "text" : Buffer.alloc(1000, n));
      if (n % 5 === 0) await sleep(1);
    }
    while (back.length < count || ticks.length < 300) await sleep(5);
    assert.deepEqual(back, Array.from({ length: count }, (_, n) => n));
    assert.deepEqual(ticks, Array.from({ length: 300 }, (_, n) => n));
    if (upgrades) while (socket.io.engine.transport.name !== "websocket") await sleep(5);
    assert.equal(await socket.emitWithAck("transport"), socket.io.engine.transport.name);
    socket.disconnect();
  }
}

/** plain makes Buffers and ArrayBuffers, which the platforms mix, comparable. */
function plain(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return { bytes: Buffer.from(value).toString("hex") };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}
