import type { ReactNode } from 'react';

/** The bar above a column. */
export function Bar({
  before,
  title,
  note,
  quiet = false,
  children,
}: {
  before?: ReactNode;
  title: string;
  note?: ReactNode;
  /** The title is said below, in larger words. */
  quiet?: boolean;
  children?: ReactNode;
}) {
  return (
    <header className="flex min-h-16 flex-none items-center gap-3 border-b border-line bg-paper px-2 py-2 pt-[max(8px,env(safe-area-inset-top))] desk:min-h-[68px] desk:px-[18px] desk:pt-[max(12px,env(safe-area-inset-top))] desk:pb-3">
      {before}
      <div className="min-w-0 flex-1">
        <h1
          dir="auto"
          className={quiet ? 'sr-only' : 'truncate text-title leading-[1.3] font-strong tracking-[-0.01em]'}
        >
          {title}
        </h1>
        {note !== undefined && <p className="truncate text-note text-ink-2">{note}</p>}
      </div>
      {children}
    </header>
  );
}
