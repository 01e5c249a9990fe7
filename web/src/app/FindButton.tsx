import { Search } from 'lucide-react';
import { useT } from '../lib/i18n';

const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Opens the switcher: looks like the field that it leads to. */
export function FindButton({ onFind }: { onFind: () => void }) {
  const t = useT();
  return (
    <button
      type="button"
      onClick={onFind}
      aria-keyshortcuts="Control+K Meta+K"
      className="mx-3.5 mb-2 flex min-h-10 flex-none items-center gap-2.5 rounded-m border border-line bg-surface px-3 text-left text-label text-ink-2 transition-colors duration-120 hovering:hover:border-ink-3 touch:min-h-11"
    >
      <Search size={18} strokeWidth={1.75} aria-hidden="true" />
      <span className="flex-1 truncate">{t.switcher.label}</span>
      <kbd
        aria-hidden="true"
        className="hidden rounded-[6px] border border-line px-1.5 py-px font-sans text-tiny hovering:block"
      >
        {apple ? '⌘ K' : 'Ctrl K'}
      </kbd>
    </button>
  );
}
