import { Plus } from 'lucide-react';
import { Link } from 'wouter';
import { useT } from '../lib/i18n';
import { IconButton } from '../ui/Button';
import { Logo } from '../ui/Logo';

export function Brand({ onCreate }: { onCreate?: (() => void) | undefined }) {
  const t = useT();
  return (
    <header className="flex flex-none items-center gap-2.5 pt-4 pr-3.5 pb-2.5 pl-[18px]">
      <Link to="/" className="flex min-h-[38px] touch:min-h-11 flex-1 items-center gap-2.5 rounded-s">
        <Logo />
        <span className="text-brand font-heavy tracking-[-0.02em]">{t.brand}</span>
      </Link>
      {onCreate && (
        <IconButton label={t.nav.newRoom} onClick={onCreate} className="hovering:hover:bg-line/60">
          <Plus size={20} strokeWidth={1.75} />
        </IconButton>
      )}
    </header>
  );
}
