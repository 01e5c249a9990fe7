import { currentEpoch, restoreRoom } from '../lib/live';
import { keepOffline } from '../lib/offline';
import { readPage } from '../lib/page';
import { keepShell } from '../lib/worker';

/** What no first paint waits for: being there without a connection the next time. */
export function startLater(): void {
  const page = readPage();
  const shown = page.epoch === undefined;
  keepOffline({ epoch: currentEpoch, restore: restoreRoom }, shown ? 'copy' : page.user ? 'page' : 'visitor');
  void keepShell(shown);
}
