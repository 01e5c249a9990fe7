import { LayoutGrid, MessageCircle, Settings, Users } from 'lucide-react';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { ChatList } from '../features/chats/ChatList';
import { OwnMenu } from '../features/profile/OwnMenu';
import { VisitorMenu } from '../features/profile/VisitorMenu';
import { useT } from '../lib/i18n';
import { useLayout } from '../lib/layout';
import { useLobby } from '../lib/lobby';
import { useMyRooms } from '../lib/rooms';
import { usePath } from '../lib/route';
import { useMe } from '../lib/session';
import type { User } from '../wire.gen';
import { Badge } from '../ui/Badge';
import { cx } from '../ui/cx';
import { laterKit } from '../ui/laterKit';
import { NavLink } from '../ui/NavLink';
import { Boundary } from './Boundary';
import { Brand } from './Brand';
import { OverlaysContext, type Overlays } from './context';
import { FindButton } from './FindButton';

const useCreate = laterKit(() => import('../features/lobby/CreateRoom'));
const useSwitcher = laterKit(() => import('../features/switcher/Switcher'));
const useCard = laterKit(() => import('../features/people/ProfileCard'));

/** What is asked over every screen, one at a time. */
type Asked = { what: 'create' | 'find' } | { what: 'profile'; user: User };

/** What stands around every screen: the rail on a desk, tabs on a phone. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useT();
  const me = useMe();
  const layout = useLayout();
  const pathname = usePath();
  const inRoom = pathname.startsWith('/rooms/');
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const context = useMemo<Overlays>(
    () => ({
      onCreate: () => setAsked({ what: 'create' }),
      // What is asked already, and perhaps half filled in, stays.
      onFind: () => setAsked((old) => old ?? { what: 'find' }),
      onProfile: (user) => setAsked({ what: 'profile', user }),
    }),
    [],
  );
  useEffect(() => {
    if (!me) return;
    const find = (event: KeyboardEvent) => {
      // Under a Korean layout the key is a vowel.
      const k = event.code === 'KeyK' || event.key.toLowerCase() === 'k';
      if (!k || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      context.onFind();
    };
    addEventListener('keydown', find);
    return () => removeEventListener('keydown', find);
  }, [me, context]);
  return (
    <div className="flex h-dvh flex-col overflow-hidden pr-[env(safe-area-inset-right)] pl-[env(safe-area-inset-left)] desk:flex-row">
      <a
        href="#main"
        className="fixed top-[max(8px,env(safe-area-inset-top))] left-[max(8px,env(safe-area-inset-left))] z-50 -translate-y-32 rounded-m bg-ink px-4 py-2 text-label text-paper focus-visible:translate-y-0"
      >
        {t.nav.skip}
      </a>
      {layout !== 'phone' && <Rail me={me} context={context} />}
      <Boundary place={pathname}>
        <OverlaysContext value={context}>{children}</OverlaysContext>
      </Boundary>
      {layout === 'phone' && me && !inRoom && <Tabs />}
      {me && <Over me={me} asked={asked} onClose={close} />}
    </div>
  );
}

/** What is asked over every screen; none of it is there at the first paint. */
function Over({ me, asked, onClose }: { me: User; asked: Asked | undefined; onClose: () => void }) {
  const [create, find, user] = [
    asked?.what === 'create',
    asked?.what === 'find',
    asked?.what === 'profile' && asked.user,
  ];
  const lobby = useCreate(create, onClose);
  const switcher = useSwitcher(find, onClose);
  const card = useCard(Boolean(user), onClose);
  return (
    <>
      {lobby && <lobby.CreateRoom open={create} onClose={onClose} />}
      {switcher && <switcher.Switcher open={find} onClose={onClose} />}
      {card && <card.ProfileCard user={user || undefined} me={me} onClose={onClose} />}
    </>
  );
}

function Rail({ me, context }: { me: User | null; context: Overlays }) {
  const t = useT();
  const total = useLobby().data?.reduce((sum, category) => sum + category.rooms.length, 0);
  return (
    <nav
      aria-label={t.nav.label}
      className="flex w-[264px] flex-none flex-col border-r border-line bg-sunken pt-[env(safe-area-inset-top)] pb-[env(safe-area-inset-bottom)] wide:w-[304px]"
    >
      <Brand onCreate={me ? context.onCreate : undefined} />
      {me && <FindButton onFind={context.onFind} />}
      <div className="scrollable flex min-h-0 flex-1 flex-col px-2 pb-3">
        {me && <ChatList me={me} />}
        <section aria-label={t.nav.browse}>
          <h2 className="px-2.5 pt-3.5 pb-1.5 text-[12px] font-medium text-ink-2">{t.nav.browse}</h2>
          <Browse to="/" icon={<LayoutGrid size={18} strokeWidth={1.75} aria-hidden="true" />} label={t.nav.allRooms}>
            {total}
          </Browse>
          {me && (
            <Browse
              to="/people"
              icon={<Users size={18} strokeWidth={1.75} aria-hidden="true" />}
              label={t.people.title}
            />
          )}
        </section>
      </div>
      {me ? <OwnMenu me={me} /> : <VisitorMenu />}
    </nav>
  );
}

function Browse({ to, icon, label, children }: { to: string; icon: ReactNode; label: string; children?: ReactNode }) {
  return (
    <NavLink
      to={to}
      className={(active) =>
        cx(
          'flex items-center gap-3 rounded-m px-3 py-[9px] text-row transition-colors duration-120',
          active ? 'bg-surface text-ink shadow-row' : 'text-ink-2 hovering:hover:bg-line/45',
        )
      }
    >
      {icon}
      <span className="flex-1">{label}</span>
      {children !== undefined && <span className="tabular text-note">{children}</span>}
    </NavLink>
  );
}

function Tabs() {
  const t = useT();
  const unread = useMyRooms().data?.reduce((sum, mine) => sum + mine.unread, 0) ?? 0;
  return (
    <nav
      aria-label={t.nav.label}
      className="flex flex-none border-t border-line bg-surface pb-[env(safe-area-inset-bottom)]"
    >
      <Tab to="/chats" icon={<MessageCircle size={22} strokeWidth={1.75} />} label={t.nav.chats}>
        <span className="absolute top-1 left-1/2 ml-1.5">
          <Badge count={unread} label={t.chats.unread(unread)} />
        </span>
      </Tab>
      <Tab to="/" icon={<LayoutGrid size={22} strokeWidth={1.75} />} label={t.nav.browse} />
      <Tab to="/people" icon={<Users size={22} strokeWidth={1.75} />} label={t.nav.people} />
      <Tab to="/me" icon={<Settings size={22} strokeWidth={1.75} />} label={t.nav.me} />
    </nav>
  );
}

function Tab({ to, icon, label, children }: { to: string; icon: ReactNode; label: string; children?: ReactNode }) {
  return (
    <NavLink
      to={to}
      className={(active) =>
        cx(
          'relative flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-[11px] outline-offset-[-4px]',
          active ? 'font-medium text-accent' : 'text-ink-2',
        )
      }
    >
      {icon}
      <span>{label}</span>
      {children}
    </NavLink>
  );
}
