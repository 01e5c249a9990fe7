import type { Page } from '../wire.gen';
import { setMembers } from './members';
import { restoreTimeline } from './messages';
import { readCopy } from './offlineStore';
import { showLang, showTheme, type Lang } from './prefs';
import { learnUsers } from './users';

/** The page without anybody's state in it, as the service worker shows it where the server does not answer. */

const cookie = (name: string): string | undefined =>
  document.cookie
    .split('; ')
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1);

/** What the server does for a page of its own: the reader's language, else the browser's; the reader's theme. */
function look(): void {
  const languages = [cookie('maru_lang'), ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
  showLang(languages.find((one): one is Lang => one === 'ko' || one === 'en') ?? 'ko');
  const theme = cookie('maru_theme');
  if (theme === 'dark' || theme === 'light') showTheme(theme);
}

/** Fills the cache with what this browser kept of its last user, and returns what a page of the server would say of them. */
export async function readShell(): Promise<Partial<Page>> {
  look();
  const { copy, rooms } = await readCopy().catch(() => ({ copy: undefined, rooms: [] }));
  if (!copy?.lists) return {};
  const joined = new Map(copy.lists.rooms.map(({ room, membership }) => [room.id, membership.joinedAt]));
  for (const { roomId, joinedAt, timeline, users, members } of rooms) {
    if (joined.get(roomId) !== joinedAt) continue;
    learnUsers(users);
    if (members) setMembers(roomId, members);
    restoreTimeline(roomId, timeline);
  }
  return { epoch: copy.owner.epoch, ...copy.lists };
}

/** A reader waits no longer than this for an answer to who they are. */
export const soon = (): Promise<never> =>
  new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), 3000));

/** Nobody can say who is here: when the server answers again, its own page does. */
export function whenAnswered(): void {
  const look = async () => {
    const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => undefined);
    if (answer?.ok) location.reload();
  };
  addEventListener('online', () => void look());
  setInterval(() => void look(), 10_000);
}
