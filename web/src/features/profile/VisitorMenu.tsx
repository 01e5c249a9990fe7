import { Link } from 'wouter';
import { useT } from '../../lib/i18n';
import { buttonClass } from '../../ui/Button';
import { LookMenu } from './LookMenu';

/** What a visitor has at the foot of the rail. */
export function VisitorMenu() {
  const t = useT();
  return (
    <footer className="flex flex-none items-center gap-2 border-t border-line px-3.5 py-3">
      <Link to="/login" className={buttonClass('plain', 'flex-1')}>
        {t.act.logIn}
      </Link>
      <Link to="/signup" className={buttonClass('plain', 'flex-1')}>
        {t.act.signUp}
      </Link>
      <LookMenu side="top" className="hovering:hover:bg-line/60" />
    </footer>
  );
}
