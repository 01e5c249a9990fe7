import { useT } from '../lib/i18n';
import { useMyRooms } from '../lib/rooms';
import { useMe } from '../lib/session';

/** The page's title, with what is unread before it: a tab in the background says it too. */
export function Title({ children }: { children: string }) {
  const t = useT();
  const member = useMe() !== null;
  const unread = useMyRooms(false).data?.reduce((sum, mine) => sum + mine.unread, 0) ?? 0;
  const count = member && unread > 0 ? `(${unread > 99 ? '99+' : unread}) ` : '';
  return <title>{`${count}${children} · ${t.brand}`}</title>;
}
