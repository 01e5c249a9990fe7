import { cx } from './cx';

const emojis = [
  ...['💬', '📚', '💻', '🎮', '🎸', '🏃', '🍚', '☕', '🎬', '🪴', '✈️', '🏠'],
  ...['🧮', '🗣️', '📐', '🎨', '⚽', '🚲', '🐶', '🐱', '🎂', '🛒', '💡'],
];

interface Props {
  label: string;
  none: string;
  /** '' for none. */
  value: string;
  error?: string | undefined;
  onChoose: (emoji: string) => void;
}

/** A room's emoji. One that was chosen elsewhere stands first. */
export function EmojiField({ label, none, value, error, onChoose }: Props) {
  const own = value !== '' && !emojis.includes(value) ? [value] : [];
  return (
    <fieldset>
      <legend className="mb-1.5 text-label font-medium">{label}</legend>
      <div className="grid grid-cols-[repeat(auto-fill,minmax(40px,1fr))] gap-1.5 touch:grid-cols-[repeat(auto-fill,minmax(44px,1fr))]">
        {[...own, ...emojis, ''].map((one) => (
          <label
            key={one}
            className={cx(
              'emoji grid h-10 cursor-pointer place-items-center rounded-m border text-[19px] has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus touch:h-11',
              one === value ? 'border-accent bg-accent-tint' : 'border-line hovering:hover:bg-sunken',
            )}
          >
            <input
              type="radio"
              name="emoji"
              value={one}
              checked={one === value}
              onChange={() => onChoose(one)}
              className="sr-only"
            />
            {one === '' ? (
              <span className={cx('font-sans text-note', one === value ? 'text-accent-ink' : 'text-ink-2')}>
                {none}
              </span>
            ) : (
              one
            )}
          </label>
        ))}
      </div>
      {error !== undefined && (
        <p role="alert" className="mt-1.5 text-small text-danger">
          {error}
        </p>
      )}
    </fieldset>
  );
}
