import { setLobby } from '../lib/lobby';
import { goLive, startLive } from '../lib/live';
import { seedTimeline } from '../lib/messages';
import { readPage } from '../lib/page';
import { setMyRooms, setRoom } from '../lib/rooms';
import { setServerClock } from '../lib/serverClock';
import { currentUser, fetchMe, setMe } from '../lib/session';
import { useSite } from '../lib/site';
import { learnUsers } from '../lib/users';
import { expectPhoto } from '../ui/Avatar';
import type { Page } from '../wire.gen';

/** Fills the cache with what the page brought, before the first render. Returns nothing where there is nothing to wait for. */
export function begin(): Promise<void> | undefined {
  const page = readPage();
  if (page.epoch === undefined) return beginAlone(page);
  learn(page);
  setMe(page.user ?? null);
  enter();
  return undefined;
}

/** Without an epoch it is no page of the server: the service worker's shell, or the development server's. */
async function beginAlone(page: Partial<Page>): Promise<void> {
  const shell = import.meta.env.PROD ? await import('../lib/shell') : undefined;
  const kept = (await shell?.readShell()) ?? page;
  learn(kept);
  if (kept.epoch !== undefined) setMe(kept.user ?? null);
  else {
    // Nobody is known: the session is asked for.
    await (shell ? Promise.race([fetchMe(), shell.soon()]) : fetchMe()).catch(() => {
      setMe(null);
      shell?.whenAnswered();
    });
  }
  enter();
}

function learn(page: Partial<Page>): void {
  if (page.now !== undefined) setServerClock(page.now);
  startLive(page);
  learnUsers(page.users ?? []);
  if (page.signUp) useSite.setState({ signUp: page.signUp });
  if (page.categories) setLobby(page.categories);
  if (page.rooms) setMyRooms(page.rooms);
  if (page.room) {
    setRoom(page.room);
    if (page.messages) seedTimeline(page.room.room.id, page.messages, page.room.room.head, page.around);
  }
}

function enter(): void {
  const me = currentUser();
  if (!me) return;
  learnUsers([me]);
  if (me.photo) expectPhoto(me.photo);
  goLive();
}
