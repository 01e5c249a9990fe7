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
  const page = readPage();
  startLive(page);
  learnUsers(page.users ?? []);
  if (page.signUp) useSite.setState({ signUp: page.signUp });
  if (page.categories) setLobby(page.categories);
  if (page.rooms) setMyRooms(page.rooms);
  if (page.room) {
    setRoom(page.room);
    if (page.messages) seedTimeline(page.room.room.id, page.messages, page.room.room.head, page.around);
  }
  // Only the development server sends a page without an epoch: there the session is asked for.
  if (page.epoch === undefined) await fetchMe().catch(() => setMe(null));
  else setMe(page.user ?? null);
  const me = currentUser();
  if (me) {
    learnUsers([me]);
    goLive();
    if (me.photo) await preloadPhoto(me.photo, 100);
  }
}
