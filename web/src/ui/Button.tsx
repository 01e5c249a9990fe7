import type { ComponentProps, ReactNode } from 'react';
import { cx } from './cx';
import { tooltip } from './Tooltip';

type Look = 'primary' | 'plain' | 'danger' | 'quiet';

const looks: Record<Look, string> = {
  primary: 'bg-accent text-on-accent hovering:hover:bg-accent-press active:bg-accent-press',
  plain: 'bg-surface text-ink border border-line hovering:hover:bg-sunken active:bg-sunken',
  danger: 'bg-danger text-on-danger hovering:hover:opacity-90 active:opacity-90',
  quiet: 'text-ink-2 hovering:hover:bg-sunken hovering:hover:text-ink active:bg-sunken',
};

interface Props extends ComponentProps<'button'> {
  look?: Look;
  /** The answer is awaited: pressing again does nothing, the width stays. */
  busy?: boolean;
  icon?: ReactNode;
}

export const buttonClass = (look: Look, className?: string): string =>
  cx(
    'inline-flex min-h-10 items-center justify-center gap-[7px] rounded-m px-[15px] py-2 font-medium whitespace-nowrap transition-[background,opacity] duration-120 touch:min-h-11',
    'disabled:opacity-55 aria-disabled:opacity-70',
    looks[look],
    className,
  );

export function Button({ look = 'primary', busy = false, icon, className, children, onClick, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
      className={buttonClass(look, className)}
    >
      {icon}
      {children}
    </button>
  );
}

interface IconProps extends ComponentProps<'button'> {
  label: string;
  /** Stands for something that is open now. */
  on?: boolean;
}

export const iconButtonClass = (on: boolean, className?: string): string =>
  cx(
    'grid size-[38px] flex-none place-items-center rounded-m transition-[background,color] duration-120 touch:size-11',
    'hovering:hover:bg-sunken hovering:hover:text-ink active:bg-sunken disabled:opacity-40',
    on ? 'bg-sunken text-ink' : 'text-ink-2',
    className,
  );

/** A button without words: they are in its tooltip and its name. */
export function IconButton({ label, on = false, className, ...rest }: IconProps) {
  return (
    <button type="button" aria-label={label} {...tooltip(label)} {...rest} className={iconButtonClass(on, className)} />
  );
}
