import { Eye, EyeOff } from 'lucide-react';
import { useId, useState, type ComponentProps } from 'react';
import { useEnter } from '../lib/ime';
import { cx } from './cx';
import { tooltip } from './Tooltip';

interface Props extends Omit<ComponentProps<'input'>, 'id'> {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  /** Said beside the label, for a field that may stay empty. */
  note?: string | undefined;
}

const box =
  'w-full min-h-11 rounded-m border bg-surface px-3 py-2 text-input text-ink placeholder:text-ink-2 transition-colors duration-120';

/** A one-line field. Enter sends its form once, also at the end of a Hangul composition. */
export function TextField({ label, hint, error, note, className, ...rest }: Props) {
  const id = useId();
  const keys = useEnter<HTMLInputElement>((field) => field.form?.requestSubmit());
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-label font-medium">
        {label}
        {note !== undefined && <span className="ml-1.5 text-note font-regular text-ink-2">{note}</span>}
      </label>
      <input
        {...rest}
        {...keys.composition}
        onKeyDown={(event) => {
          rest.onKeyDown?.(event);
          keys.onKeyDown(event);
        }}
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        className={cx(box, error ? 'border-danger' : 'border-line hovering:hover:border-ink-3', className)}
      />
      {error && (
        <p id={`${id}-error`} role="alert" className="text-small text-danger">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className={cx('text-note text-ink-2', error && 'sr-only')}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface PasswordProps extends Omit<Props, 'type'> {
  show: string;
  hide: string;
}

/** A password that its writer may look at. */
export function PasswordField({ show, hide, className, ...rest }: PasswordProps) {
  const [shown, setShown] = useState(false);
  return (
    <div className="relative">
      <TextField {...rest} type={shown ? 'text' : 'password'} className={cx('pr-12', className)} spellCheck={false} />
      <button
        type="button"
        aria-label={shown ? hide : show}
        aria-pressed={shown}
        {...tooltip(shown ? hide : show)}
        onClick={() => setShown(!shown)}
        className="absolute top-[27px] right-0 grid size-11 place-items-center rounded-m text-ink-2 hovering:hover:text-ink"
      >
        {shown ? <EyeOff size={18} strokeWidth={1.75} /> : <Eye size={18} strokeWidth={1.75} />}
      </button>
    </div>
  );
}
