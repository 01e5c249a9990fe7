import { Search, X } from 'lucide-react';
import { useRef, useState, type ComponentPropsWithoutRef, type KeyboardEvent } from 'react';
import { useEnter } from '../lib/ime';
import { cx } from './cx';

interface Props extends Omit<ComponentPropsWithoutRef<'input'>, 'type' | 'value' | 'onInput' | 'onKeyDown'> {
  label: string;
  /** What the button that empties it is called. */
  clear: string;
  onQuery: (query: string) => void;
  /** Enter, also the one that ends a Hangul syllable. */
  onEnter?: (() => void) | undefined;
  /** Other keys, while nothing is composed. */
  onKey?: ((event: KeyboardEvent<HTMLInputElement>) => void) | undefined;
}

/** Finds while one types. The field keeps its own text: nothing writes into it while a syllable is composed. */
export function SearchField({ label, clear, onQuery, onEnter, onKey, className, ...rest }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [filled, setFilled] = useState(false);
  const keys = useEnter<HTMLInputElement>(() => onEnter?.());
  const tell = (text: string) => {
    setFilled(text !== '');
    onQuery(text.normalize('NFC'));
  };
  return (
    <div className={cx('relative flex-none', className)}>
      <Search
        size={18}
        strokeWidth={1.75}
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 left-3.5 -translate-y-1/2 text-ink-2"
      />
      <input
        placeholder={label}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        enterKeyHint="search"
        {...rest}
        {...keys.composition}
        ref={field}
        type="text"
        role={rest.role ?? 'searchbox'}
        aria-label={label}
        onInput={(event) => tell(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (!keys.onKeyDown(event)) onKey?.(event);
        }}
        className="min-h-11 w-full rounded-m border border-line bg-surface py-2 pr-11 pl-10 text-input placeholder:text-ink-2 transition-colors duration-120 hovering:hover:border-ink-3"
      />
      {filled && (
        <button
          type="button"
          aria-label={clear}
          onClick={() => {
            if (!field.current) return;
            keys.finish(field.current);
            field.current.value = '';
            tell('');
            field.current.focus();
          }}
          className="absolute top-1/2 right-0 grid size-11 -translate-y-1/2 place-items-center rounded-m text-ink-2 hovering:hover:text-ink"
        >
          <X size={17} strokeWidth={1.75} />
        </button>
      )}
    </div>
  );
}
