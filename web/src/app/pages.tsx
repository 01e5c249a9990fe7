import { MessageCircle } from 'lucide-react';
import { Link, Redirect, useParams } from 'wouter';
import { ChatList } from '../features/chats/ChatList';
import { LookMenu } from '../features/profile/LookMenu';
import { useT } from '../lib/i18n';
import { useLayout } from '../lib/layout';
import { useMyRooms } from '../lib/rooms';
import { useMe } from '../lib/session';
import { buttonClass } from '../ui/Button';
import { EmptyState } from '../ui/States';
import { Title } from '../ui/Title';
import { Brand } from './Brand';
import { useOverlays } from './context';
import { FindButton } from './FindButton';
import { Lobby, People, RoomScreen } from './screens';

export function LobbyScreen() {
  const t = useT();
  const { onCreate } = useOverlays();
  return (
    <>
      <Title>{t.lobby.title}</Title>
      <Lobby onCreate={onCreate} menu={<LookMenu />} />
    </>
  );
}

/** The list has a screen of its own on a phone; on a desk it stands in the rail. */
export function ChatsScreen() {
  const t = useT();
  const me = useMe();
  const layout = useLayout();
  const rooms = useMyRooms(me !== null).data;
  const { onCreate, onFind } = useOverlays();
  if (!me) return <Redirect to="/login" replace state={{ from: '/chats' }} />;
  if (layout !== 'phone') {
    // Without any room the rail says what to do, and here are the rooms to choose from.
    if (rooms?.length === 0) return <LobbyScreen />;
    return (
      <main id="main" className="flex flex-1 bg-paper">
        <Title>{t.chats.title}</Title>
        <h1 className="sr-only">{t.chats.title}</h1>
        <EmptyState icon={<MessageCircle size={24} strokeWidth={1.75} />} title={t.chats.pick} />
      </main>
    );
  }
  return (
    <main id="main" className="flex min-h-0 flex-1 flex-col bg-sunken pt-[env(safe-area-inset-top)]">
      <Title>{t.chats.title}</Title>
      <h1 className="sr-only">{t.chats.title}</h1>
      <Brand onCreate={onCreate} />
      <FindButton onFind={onFind} />
      <div className="scrollable flex min-h-0 flex-1 flex-col px-2 pb-4">
        <ChatList me={me} />
      </div>
    </main>
  );
}

export function RoomPage() {
  const { panel } = useParams();
  const { onProfile } = useOverlays();
  if (panel !== undefined && panel !== 'members') return <Lost />;
  return <RoomScreen members={panel === 'members'} onProfile={onProfile} />;
}

export function PeopleScreen() {
  const me = useMe();
  const { onProfile } = useOverlays();
  if (!me) return <Redirect to="/login" replace state={{ from: '/people' }} />;
  return <People onProfile={onProfile} />;
}

/** Nothing is at this address. */
export function Lost() {
  const t = useT();
  return (
    <main id="main" className="flex flex-1 bg-paper">
      <Title>{t.lost.title}</Title>
      <h1 className="sr-only">{t.lost.title}</h1>
      <EmptyState title={t.lost.title} hint={t.lost.hint}>
        <Link to="/" className={buttonClass('primary')}>
          {t.act.toLobby}
        </Link>
      </EmptyState>
    </main>
  );
}
