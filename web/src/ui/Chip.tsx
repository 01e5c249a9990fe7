import type { ReactNode } from 'react';
import { cx } from './cx';

export function Chip({ on, onClick, children }: { on: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={onClick}
      className={cx(
        'flex-none rounded-full border px-3.5 py-[7px] text-label whitespace-nowrap transition-colors duration-120 touch:min-h-11',
        on ? 'border-ink bg-ink text-paper' : 'border-line bg-surface hovering:hover:bg-sunken',
      )}
    >
      {children}
    </button>
  );
}
