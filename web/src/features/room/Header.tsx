import { ChevronLeft, Images, Menu as MenuIcon, Users } from 'lucide-react';
import { Link } from 'wouter';
import { useT } from '../../lib/i18n';
import { useLayout } from '../../lib/layout';
import { useLobby } from '../../lib/lobby';
import { useMembers } from '../../lib/members';
import { togglePanel, usePrefs } from '../../lib/prefs';
import { useGoBack } from '../../lib/route';
import { usePresence, useUser } from '../../lib/users';
import type { MyRoom, Room, User } from '../../wire.gen';
import { Avatar, RoomTile } from '../../ui/Avatar';
import { Bar } from '../../ui/Bar';
import { IconButton, iconButtonClass } from '../../ui/Button';
import { tooltip } from '../../ui/Tooltip';
import { RoomMenu } from './RoomMenu';

interface Props {
  room: Room;
  mine: MyRoom | undefined;
  name: string;
  me: User;
  withMembers: boolean;
}

/** Which room this is, and what can be done with it. */
export function Header({ room, mine, name, me, withMembers }: Props) {
  const t = useT();
  const layout = useLayout();
  const panel = usePrefs((prefs) => prefs.panel);
  const shows = withMembers ? t.room.showMembers : t.photo.gallery;
  return (
    <Bar
      before={layout === 'phone' ? <Back to={mine ? '/chats' : '/'} /> : <Face room={room} name={name} />}
      title={name}
      note={<Note room={room} me={me} member={withMembers} />}
    >
      {mine && layout === 'wide' && (
        <IconButton label={shows} aria-pressed={panel} on={panel} onClick={togglePanel}>
          {withMembers ? <Users size={20} strokeWidth={1.75} /> : <Images size={20} strokeWidth={1.75} />}
        </IconButton>
      )}
      {mine && layout !== 'wide' && (
        <Link
          to={`/rooms/${room.id}/members`}
          aria-label={shows}
          {...tooltip(shows)}
          className={iconButtonClass(false)}
        >
          {!withMembers ? (
            <Images size={20} strokeWidth={1.75} />
          ) : layout === 'phone' ? (
            <MenuIcon size={20} strokeWidth={1.75} />
          ) : (
            <Users size={20} strokeWidth={1.75} />
          )}
        </Link>
      )}
      {mine && <RoomMenu room={room} mine={mine} name={name} me={me} />}
    </Bar>
  );
}

export function Back({ to }: { to: string }) {
  const t = useT();
  const goBack = useGoBack();
  return (
    <IconButton label={t.nav.back} onClick={() => goBack(to)}>
      <ChevronLeft size={24} strokeWidth={1.75} />
    </IconButton>
  );
}

function Face({ room, name }: { room: Room; name: string }) {
  const peer = room.peer?.userId;
  const online = usePresence((presence) => presence.online[peer ?? ''] ?? false);
  const user = useUser(peer);
  if (room.kind !== 'direct') return <RoomTile id={room.id} name={name} emoji={room.emoji} />;
  return <Avatar id={peer ?? room.id} name={name} photo={user?.photo} size={40} online={online} ground="paper" />;
}

/** Of a room its category, its members and how many are here; of a person whether they are. */
function Note({ room, me, member }: { room: Room; me: User; member: boolean }) {
  const t = useT();
  const layout = useLayout();
  const categories = useLobby().data;
  const online = usePresence((presence) => presence.online);
  const members = useMembers(room.id, member && layout === 'wide').data;
  if (room.kind === 'direct') {
    if (room.peer?.left) return t.room.peerIsGone;
    return online[room.peer?.userId ?? ''] ? t.chats.online : t.room.direct;
  }
  const category = categories?.find(({ id }) => id === room.categoryId)?.name;
  const here = members?.filter(({ user }) => user.id === me.id || online[user.id]).length;
  if (layout === 'phone') return t.lobby.members(room.memberCount);
  return [category, t.room.members(room.memberCount), here !== undefined && t.room.onlineCount(here)]
    .filter(Boolean)
    .join(' · ');
}
