import { ChevronLeft, EllipsisVertical, LogOut, Menu as MenuIcon, Users } from 'lucide-react';
import { useCallback, useState } from 'react';
import { Link, Navigate, useLocation, useNavigate, useParams } from 'react-router';
import { api } from '../../lib/api';
import { nameOf, useT, wordError } from '../../lib/i18n';
import { useLayout } from '../../lib/layout';
import { useLobby } from '../../lib/lobby';
import { useMembers } from '../../lib/members';
import { putMessages, timelineOf } from '../../lib/messages';
import { togglePanel, usePrefs } from '../../lib/prefs';
import { Refusal } from '../../lib/problem';
import { dropRoom, useRoom } from '../../lib/rooms';
import { useMe } from '../../lib/session';
import { ask } from '../../lib/socket';
import { usePresence, useUser } from '../../lib/users';
import type { Message, MyRoom, Room, User } from '../../wire.gen';
import { Avatar, RoomTile } from '../../ui/Avatar';
import { Bar } from '../../ui/Bar';
import { IconButton, buttonClass } from '../../ui/Button';
import { MenuButton, MenuItem } from '../../ui/Menu';
import { EmptyState, ErrorState } from '../../ui/States';
import { toast } from '../../ui/Toast';
import { Ask } from './Ask';
import { Composer } from './Composer';
import { JoinCard } from './JoinCard';
import { Log } from './Log';
import { Members } from './Members';
import { ProfileCard } from './ProfileCard';
import { TypingLine } from './TypingLine';

/** One room, with its members beside it where there is space, else on a screen of their own. */
export function RoomScreen({ members = false }: { members?: boolean }) {
  const { id = '' } = useParams();
  const me = useMe();
  const location = useLocation();
  // Whoever is not logged in is asked to, and comes back here.
  if (!me) return <Navigate to="/login" replace state={{ from: location.pathname }} />;
  return <Found key={id} id={id} me={me} members={members} />;
}

function Found({ id, me, members }: { id: string; me: User; members: boolean }) {
  const t = useT();
  const { answer, mine, error, refetch } = useRoom(id);
  if (answer) return <Opened room={answer.room} mine={mine} me={me} members={members} />;
  if (!error) return <main id="main" aria-busy="true" className="flex-1 bg-paper" />;
  const gone = error instanceof Refusal && ['not_found', 'forbidden', 'invalid'].includes(error.code);
  return (
    <main id="main" className="flex min-w-0 flex-1 flex-col bg-paper">
      <h1 className="sr-only">{gone ? t.room.gone : t.error.title}</h1>
      {gone ? (
        <EmptyState title={t.room.gone} hint={t.room.goneHint}>
          <Link to="/" className={buttonClass('primary')}>
            {t.act.toLobby}
          </Link>
        </EmptyState>
      ) : (
        <ErrorState
          title={t.error.title}
          text={wordError(t, error)}
          action={t.act.retry}
          onAction={() => void refetch()}
        />
      )}
    </main>
  );
}

interface OpenedProps {
  room: Room;
  mine: MyRoom | undefined;
  me: User;
  members: boolean;
}

function Opened({ room, mine, me, members }: OpenedProps) {
  const t = useT();
  const layout = useLayout();
  const navigate = useNavigate();
  const panel = usePrefs((prefs) => prefs.panel);
  const peer = useUser(room.peer?.userId);
  const [profile, setProfile] = useState<User>();
  const [editing, setEditing] = useState<Message>();
  const [deleting, setDeleting] = useState<Message>();
  const [leaving, setLeaving] = useState(false);
  const direct = room.kind === 'direct';
  const name = direct ? nameOf(t, peer) : (room.name ?? '');
  const withMembers = mine !== undefined && !direct;
  const beside = withMembers && layout === 'wide' && panel;
  const onProfile = useCallback((user: User) => setProfile(user), []);

  const save = (message: Message, text: string) => {
    if (text === message.text) {
      setEditing(undefined);
      return;
    }
    ask('message:edit', { roomId: room.id, seq: message.seq, text }).then(
      (edited) => {
        putMessages(room.id, [edited.message]);
        setEditing(undefined);
      },
      // The text stays in the field for another try.
      (error: unknown) => toast(wordError(t, error)),
    );
  };
  const editLast = () => {
    const last = timelineOf(room.id)?.messages.findLast((one) => one.kind === 'message' && one.senderId === me.id);
    if (last) setEditing(last);
  };
  const title = <title>{`${name} · ${t.brand}`}</title>;

  if (members && withMembers && layout !== 'wide') {
    return (
      <main id="main" className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
        {title}
        <Bar before={<Back to={`/rooms/${room.id}`} />} title={t.members.title(room.memberCount)} note={name} />
        <div className="scrollable min-h-0 flex-1 px-2.5 pb-4">
          <h2 className="sr-only">{t.members.label}</h2>
          <Members roomId={room.id} me={me} onProfile={onProfile} />
        </div>
        <ProfileCard user={profile} me={me} onClose={() => setProfile(undefined)} />
      </main>
    );
  }

  return (
    <>
      <main id="main" className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
        {title}
        <Bar
          before={
            <>
              {layout === 'phone' && <Back to={mine ? '/chats' : '/'} />}
              {layout !== 'phone' &&
                (direct ? (
                  <DirectFace id={room.peer?.userId ?? room.id} name={name} />
                ) : (
                  <RoomTile id={room.id} name={name} emoji={room.emoji} />
                ))}
            </>
          }
          title={name}
          note={<Note room={room} member={withMembers} />}
        >
          {withMembers && layout === 'wide' && (
            <IconButton label={t.room.showMembers} aria-pressed={panel} on={panel} onClick={togglePanel}>
              <Users size={20} strokeWidth={1.75} />
            </IconButton>
          )}
          {withMembers && layout !== 'wide' && (
            <Link
              to={`/rooms/${room.id}/members`}
              aria-label={t.room.showMembers}
              title={t.room.showMembers}
              className="grid size-[38px] flex-none place-items-center rounded-m text-ink-2 hovering:hover:bg-sunken hovering:hover:text-ink active:bg-sunken touch:size-11"
            >
              {layout === 'phone' ? <MenuIcon size={20} strokeWidth={1.75} /> : <Users size={20} strokeWidth={1.75} />}
            </Link>
          )}
          {mine && (
            <MenuButton label={t.room.menu} icon={<EllipsisVertical size={20} strokeWidth={1.75} />}>
              <MenuItem danger icon={<LogOut size={17} strokeWidth={1.75} />} onClick={() => setLeaving(true)}>
                {t.act.leave}
              </MenuItem>
            </MenuButton>
          )}
        </Bar>
        {mine ? (
          <>
            <Log
              room={room}
              name={name}
              mine={mine}
              me={me}
              onProfile={onProfile}
              onEdit={setEditing}
              onDelete={setDeleting}
            />
            {room.peer?.left && <p className="px-6 pt-2 text-center text-note text-ink-2">{t.room.peerLeft(name)}</p>}
            <TypingLine roomId={room.id} />
            <Composer
              roomId={room.id}
              name={name}
              editing={editing}
              onSave={save}
              onCancelEdit={() => setEditing(undefined)}
              onEditLast={editLast}
            />
          </>
        ) : (
          <JoinCard room={room} />
        )}
      </main>
      {beside && (
        <aside
          aria-label={t.members.label}
          className="scrollable w-[248px] flex-none border-l border-line bg-paper px-2.5 py-4"
        >
          <h2 className="px-2.5 pt-1 text-row font-strong">{t.members.title(room.memberCount)}</h2>
          <Members roomId={room.id} me={me} onProfile={onProfile} />
        </aside>
      )}
      <ProfileCard user={profile} me={me} onClose={() => setProfile(undefined)} />
      <Ask
        open={deleting !== undefined}
        title={t.room.deleteTitle}
        lead={t.room.deleteHint}
        action={t.act.remove}
        act={async () => {
          if (!deleting) return;
          const { message } = await ask('message:delete', { roomId: room.id, seq: deleting.seq });
          putMessages(room.id, [message]);
          if (editing?.seq === deleting.seq) setEditing(undefined);
        }}
        onClose={() => setDeleting(undefined)}
      />
      <Ask
        open={leaving}
        title={t.room.leaveTitle}
        lead={direct ? t.room.leaveDirectHint(name) : t.room.leaveHint(name)}
        action={t.act.leave}
        act={async () => {
          await api.leave(room.id);
          await navigate(layout === 'phone' ? '/chats' : '/', { replace: true });
          dropRoom(room.id);
        }}
        onClose={() => setLeaving(false)}
      />
    </>
  );
}

function Back({ to }: { to: string }) {
  const t = useT();
  const navigate = useNavigate();
  const { key } = useLocation();
  // The arrow goes where the browser's own back goes, as long as there is somewhere.
  return (
    <IconButton
      label={t.nav.back}
      onClick={() => void (key === 'default' ? navigate(to, { replace: true }) : navigate(-1))}
    >
      <ChevronLeft size={24} strokeWidth={1.75} />
    </IconButton>
  );
}

function DirectFace({ id, name }: { id: string; name: string }) {
  const online = usePresence((presence) => presence.online[id] ?? false);
  return <Avatar id={id} name={name} size={40} online={online} ground="paper" />;
}

/** Category, members, how many are here. */
function Note({ room, member }: { room: Room; member: boolean }) {
  const t = useT();
  const layout = useLayout();
  const categories = useLobby().data;
  const online = usePresence((presence) => presence.online);
  const me = useMe();
  const members = useMembers(room.id, member && layout === 'wide').data;
  if (room.kind === 'direct') return online[room.peer?.userId ?? ''] ? t.chats.online : t.room.direct;
  const category = categories?.find(({ id }) => id === room.categoryId)?.name;
  const here = members?.filter(({ user }) => user.id === me?.id || online[user.id]).length;
  if (layout === 'phone') return t.lobby.members(room.memberCount);
  return [category, t.room.members(room.memberCount), here !== undefined && t.room.onlineCount(here)]
    .filter(Boolean)
    .join(' · ');
}
