/**
 * The page brings the module of its first screen, and its reader's words, as scripts of their own beside the site's entry,
 * and is not painted before all of them have run (internal/httpapi/chunks.go). Who imports a module is told of it some tasks
 * later, when an empty page may have been painted; a module that tells itself that it is there is heard in its own task.
 */
const here = new Map<string, unknown>();
let tell: () => void = () => undefined;

export function arrive(name: string, what: unknown): void {
  here.set(name, what);
  tell();
}

/** What arrived under a name; it has the type that its module gave it. */
export const arrived = (name: string): unknown => here.get(name);

/** Calls this at every arrival. */
export function whenArrived(listener: () => void): void {
  tell = listener;
}
