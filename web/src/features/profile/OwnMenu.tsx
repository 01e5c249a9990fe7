import { LogOut, Settings, UserRound } from 'lucide-react';
import { useConn } from '../../lib/conn';
import { useT, wordError } from '../../lib/i18n';
import { useNavigate } from '../../lib/route';
import type { User } from '../../wire.gen';
import { Avatar } from '../../ui/Avatar';
import { MenuButton, MenuItem, MenuLine } from '../../ui/Menu';
import { toast } from '../../ui/Toast';
import { Choices } from './Choices';
import { logOut } from './entrance';

/** The user at the foot of the rail. */
export function OwnMenu({ me }: { me: User }) {
  const t = useT();
  const navigate = useNavigate();
  const online = useConn((conn) => conn.online);
  return (
    <footer className="flex flex-none items-center gap-2.5 border-t border-line px-3.5 py-3">
      <Avatar id={me.id} name={me.name} photo={me.photo} size={36} online={online} />
      <span className="min-w-0 flex-1">
        <b className="block truncate leading-tight font-medium">{me.name}</b>
        {me.loginId !== undefined && <span className="block truncate text-note text-ink-2">{me.loginId}</span>}
      </span>
      <MenuButton
        side="top"
        label={t.nav.myMenu}
        icon={<Settings size={20} strokeWidth={1.75} />}
        className="hovering:hover:bg-line/60"
      >
        <Choices />
        <MenuLine />
        <MenuItem icon={<UserRound size={17} strokeWidth={1.75} />} onClick={() => navigate('/me')}>
          {t.nav.me}
        </MenuItem>
        <MenuItem
          icon={<LogOut size={17} strokeWidth={1.75} />}
          onClick={() => void logOut().catch((error: unknown) => toast(wordError(t, error)))}
        >
          {t.act.logOut}
        </MenuItem>
      </MenuButton>
    </footer>
  );
}
