import { setLobby } from '../lib/lobby';
import { goLive, startLive } from '../lib/live';
import { seedTimeline } from '../lib/messages';
import { readPage } from '../lib/page';
import { setMyRooms, setRoom } from '../lib/rooms';
import { currentUser, fetchMe, setMe } from '../lib/session';
import { useSite } from '../lib/site';
import { learnUsers } from '../lib/users';
import { preloadPhoto } from '../ui/Avatar';

/** Fills the cache with what the page brought, before the first render. */
export async function begin(): Promise<void> {
  let page = readPage();
  // Without an epoch it is no page of the server: the service worker's shell, or the development server's.
  const shell = import.meta.env.PROD && page.epoch === undefined ? await import('../lib/shell') : undefined;
  if (shell) page = await shell.readShell();
  startLive(page);
  learnUsers(page.users ?? []);
  if (page.signUp) useSite.setState({ signUp: page.signUp });
  if (page.categories) setLobby(page.categories);
  if (page.rooms) setMyRooms(page.rooms);
  if (page.room) {
    setRoom(page.room);
    if (page.messages) seedTimeline(page.room.room.id, page.messages, page.room.room.head, page.around);
  }
  if (page.epoch !== undefined) setMe(page.user ?? null);
  else {
    // Nobody is known: the session is asked for.
    await (shell ? Promise.race([fetchMe(), shell.soon()]) : fetchMe()).catch(() => {
      setMe(null);
      shell?.whenAnswered();
    });
  }
  const me = currentUser();
  if (me) {
    learnUsers([me]);
    goLive();
    if (me.photo) await preloadPhoto(me.photo, 100);
  }
}
