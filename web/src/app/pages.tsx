import { MessageCircle } from 'lucide-react';
import { Link, Navigate, useOutletContext } from 'react-router';
import { ChatList } from '../features/chats/ChatList';
import { Lobby } from '../features/lobby/Lobby';
import { useT } from '../lib/i18n';
import { useLayout } from '../lib/layout';
import { useMe } from '../lib/session';
import { buttonClass } from '../ui/Button';
import { EmptyState } from '../ui/States';
import { Brand } from './Brand';
import type { ShellContext } from './Shell';

export function LobbyScreen() {
  const t = useT();
  const { onCreate } = useOutletContext<ShellContext>();
  return (
    <>
      <title>{`${t.lobby.title} · ${t.brand}`}</title>
      <Lobby onCreate={onCreate} />
    </>
  );
}

/** The list has a screen of its own on a phone; on a desk it stands in the rail. */
export function ChatsScreen() {
  const t = useT();
  const me = useMe();
  const layout = useLayout();
  const { onCreate } = useOutletContext<ShellContext>();
  if (!me) return <Navigate to="/login" replace state={{ from: '/chats' }} />;
  if (layout !== 'phone') {
    return (
      <main id="main" className="flex flex-1 bg-paper">
        <title>{`${t.chats.title} · ${t.brand}`}</title>
        <h1 className="sr-only">{t.chats.title}</h1>
        <EmptyState icon={<MessageCircle size={24} strokeWidth={1.75} />} title={t.chats.pick} />
      </main>
    );
  }
  return (
    <main id="main" className="flex min-h-0 flex-1 flex-col bg-sunken pt-[env(safe-area-inset-top)]">
      <title>{`${t.chats.title} · ${t.brand}`}</title>
      <h1 className="sr-only">{t.chats.title}</h1>
      <Brand onCreate={onCreate} />
      <div className="scrollable flex min-h-0 flex-1 flex-col px-2 pb-4">
        <ChatList me={me} />
      </div>
    </main>
  );
}

/** Nothing is at this address. */
export function Lost() {
  const t = useT();
  return (
    <main id="main" className="flex flex-1 bg-paper">
      <title>{`${t.lost.title} · ${t.brand}`}</title>
      <h1 className="sr-only">{t.lost.title}</h1>
      <EmptyState title={t.lost.title} hint={t.lost.hint}>
        <Link to="/" className={buttonClass('primary')}>
          {t.act.toLobby}
        </Link>
      </EmptyState>
    </main>
  );
}
