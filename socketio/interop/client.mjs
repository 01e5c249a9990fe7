// What the scenarios share: a client of the server under test, and the means to
// wait for it. Every scenario is a module whose default export is run once.
import { io } from "socket.io-client";

const [url, way] = process.argv.slice(2);
const managers = new Set();

/** transports are those of the way under test: "upgrade" begins with polling and upgrades, as clients do by default. */
const transports = { polling: ["polling"], upgrade: ["polling", "websocket"] }[way] ?? ["websocket"];

/** perMessageDeflate is offered by default, but for messages from 1,024 bytes on. */
const perMessageDeflate = { threshold: way === "compressed" ? 0 : 1024 };

export const polls = way === "polling" || way === "upgrade";
export const upgrades = way === "upgrade";

/** connect makes a client with a connection of its own. */
export function connect(namespace = "/", options = {}) {
  const socket = io(url + namespace, { transports, perMessageDeflate, forceNew: true, reconnectionDelay: 10, rejectUnauthorized: false, ...options });
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
