// What the scenarios share: a client of the server under test, and the means to
// wait for it. Every scenario is a module whose default export is run once.
import { io } from "socket.io-client";

const [url, way] = process.argv.slice(2);
const managers = new Set();

/** transports are those of the way under test; the last begins with polling and upgrades, as clients do by default. */
const transports = { websocket: ["websocket"], polling: ["polling"], upgrade: ["polling", "websocket"] }[way];

export const polls = way !== "websocket";
export const upgrades = way === "upgrade";

/** connect makes a client with a connection of its own. */
export function connect(namespace = "/", options = {}) {
  const socket = io(url + namespace, { transports, forceNew: true, reconnectionDelay: 10, ...options });
  managers.add(socket.io);
  return socket;
}

/** once resolves with the arguments of the next such event. */
export function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** closeAll ends every connection, so that the process can end. */
export function closeAll() {
  for (const manager of managers) {
    manager.reconnection(false);
    manager.engine.close();
  }
}
