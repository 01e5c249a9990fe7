import { readPage } from '../lib/page';
import { keepShell } from '../lib/worker';

/** What no first paint waits for: being there without a connection the next time. */
export function startLater(): void {
  void keepShell(readPage().epoch === undefined);
}
