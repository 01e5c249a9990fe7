import { MessageCircle } from 'lucide-react';
import { Link } from 'wouter';
import { ago } from '../../lib/formats';
import { nameOf, useLang, useT } from '../../lib/i18n';
import { stirredAt, useMyRooms } from '../../lib/rooms';
import { usePresence, useUsers } from '../../lib/users';
import type { MyRoom, User } from '../../wire.gen';
import { Failed } from '../../ui/Failed';
import { Avatar, RoomTile } from '../../ui/Avatar';
import { Badge } from '../../ui/Badge';
import { buttonClass } from '../../ui/Button';
import { EmptyState, Skeleton } from '../../ui/States';
import { cx } from '../../ui/cx';
import { NavLink } from '../../ui/NavLink';
import { previewOf } from './preview';

/** The user's rooms and directs, the newest first. */
export function ChatList({ me }: { me: User }) {
  const t = useT();
  const { data, error, refetch } = useMyRooms();
  if (!data && error) {
    return <Failed error={error} onRetry={refetch} />;
  }
  if (!data) return <Waiting />;
  if (data.length === 0) {
    return (
      <EmptyState icon={<MessageCircle size={24} strokeWidth={1.75} />} title={t.chats.empty} hint={t.chats.emptyHint}>
        <Link to="/" className={buttonClass('primary')}>
          {t.act.toLobby}
        </Link>
      </EmptyState>
    );
  }
  const newestFirst = [...data].sort((a, b) => (stirredAt(a) < stirredAt(b) ? 1 : -1));
  return (
    <>
      <Group title={t.nav.joined} rooms={newestFirst.filter(({ room }) => room.kind !== 'direct')} me={me} />
      <Group title={t.nav.directs} rooms={newestFirst.filter(({ room }) => room.kind === 'direct')} me={me} />
    </>
  );
}

function Group({ title, rooms, me }: { title: string; rooms: readonly MyRoom[]; me: User }) {
  if (rooms.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className="px-2.5 pt-3.5 pb-1.5 text-[12px] font-medium text-ink-2">{title}</h2>
      <ul>
        {rooms.map((mine) => (
          <li key={mine.room.id}>
            <Row mine={mine} me={me} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ mine, me }: { mine: MyRoom; me: User }) {
  const t = useT();
  const lang = useLang();
  const users = useUsers();
  const { room, unread, last } = mine;
  const peer = room.peer ? users[room.peer.userId] : undefined;
  const online = usePresence((presence) => presence.online[room.peer?.userId ?? ''] ?? false);
  const name = room.kind === 'direct' ? nameOf(t, peer) : (room.name ?? '');
  return (
    <NavLink
      to={`/rooms/${room.id}`}
      below
      className={(active) =>
        cx(
          'flex items-center gap-3 rounded-m px-2.5 py-[9px] transition-colors duration-120',
          active ? 'bg-surface shadow-row' : 'hovering:hover:bg-line/45 active:bg-line/60',
        )
      }
    >
      {room.kind === 'direct' ? (
        <Avatar id={room.peer?.userId ?? room.id} name={name} photo={peer?.photo} size={40} online={online} />
      ) : (
        <RoomTile id={room.id} name={name} emoji={room.emoji} />
      )}
      <span className="block min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <b className="flex-1 truncate text-row font-medium" dir="auto">
            {name}
          </b>
          {online && <span className="sr-only">{t.chats.online}</span>}
          {last?.sentAt && (
            <time dateTime={last.sentAt} className="flex-none text-tiny text-ink-2">
              {ago(lang, last.sentAt)}
            </time>
          )}
        </span>
        <span className="flex items-center gap-2 text-small text-ink-2">
          <span className="flex-1 truncate" dir="auto">
            {previewOf(t, mine, users, me.id)}
          </span>
          <Badge count={unread} label={t.chats.unread(unread)} />
        </span>
      </span>
    </NavLink>
  );
}

const Waiting = () => (
  <div className="flex flex-col gap-2 p-2">
    {[0, 1, 2, 3].map((n) => (
      <Skeleton key={n} className="h-[52px] w-full" />
    ))}
  </div>
);
