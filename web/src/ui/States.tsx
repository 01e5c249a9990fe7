import type { ReactNode } from 'react';
import { Button } from './Button';
import { cx } from './cx';

/** One sentence and the next step. */
export function EmptyState({
  icon,
  title,
  hint,
  children,
}: {
  icon?: ReactNode;
  title: string;
  hint?: string;
  children?: ReactNode;
}) {
  return (
    <div className="m-auto flex max-w-[360px] flex-col items-center gap-1.5 px-6 py-12 text-center">
      {icon && (
        <span className="mb-3 grid size-14 place-items-center rounded-l bg-accent-tint text-accent-ink">{icon}</span>
      )}
      <p className="text-title font-strong">{title}</p>
      {hint !== undefined && <p className="text-label text-ink-2">{hint}</p>}
      {children && <div className="mt-4 flex gap-2">{children}</div>}
    </div>
  );
}

/** What happened, what to do, and a button. */
export function ErrorState({
  title,
  text,
  action,
  onAction,
}: {
  title: string;
  text: string;
  action: string;
  onAction: () => void;
}) {
  return (
    <div role="alert" className="m-auto flex max-w-[360px] flex-col items-center gap-1.5 px-6 py-12 text-center">
      <p className="text-title font-strong">{title}</p>
      <p className="text-label text-ink-2">{text}</p>
      <Button look="plain" className="mt-4" onClick={onAction}>
        {action}
      </Button>
    </div>
  );
}

/** Stands where something will be, once 150 ms have passed. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <span aria-hidden="true" className="late block">
      <span className={cx('pulse block rounded-m bg-line', className)} />
    </span>
  );
}
