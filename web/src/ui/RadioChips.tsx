import type { ReactNode } from 'react';
import { cx } from './cx';

interface Props {
  label: string;
  name: string;
  value: string;
  options: readonly { value: string; label: ReactNode }[];
  onChoose: (value: string) => void;
  className?: string;
}

/** One of a few, each a chip. Arrow keys go from one to the next. */
export function RadioChips({ label, name, value, options, onChoose, className }: Props) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 text-label font-medium">{label}</legend>
      <div className={cx('flex flex-wrap gap-1.5', className)}>
        {options.map((option) => (
          <label
            key={option.value}
            className={cx(
              'inline-flex min-h-10 max-w-full cursor-pointer items-center rounded-full border px-3.5 text-label transition-colors duration-120 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus touch:min-h-11',
              option.value === value
                ? 'border-accent bg-accent-tint text-accent-ink'
                : 'border-line bg-surface hovering:hover:bg-sunken',
            )}
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChoose(option.value)}
              className="sr-only"
            />
            <span className="truncate">{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
