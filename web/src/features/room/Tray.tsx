import { RotateCw, X } from 'lucide-react';
import { useT } from '../../lib/i18n';
import { urlOf, useProgress } from '../../lib/photos';
import { begin, takeOut, type Chosen } from '../../lib/tray';
import { cx } from '../../ui/cx';
import { Ring } from '../../ui/Ring';

interface Props {
  roomId: string;
  chosen: readonly Chosen[];
  /** Where the focus goes when the last is taken out. */
  onEmpty: () => void;
}

/** The photos that go with the next message. */
export function Tray({ roomId, chosen, onEmpty }: Props) {
  const t = useT();
  if (chosen.length === 0) return null;
  const trouble = chosen.find((one) => one.trouble !== undefined)?.trouble;
  return (
    <div className="px-1 pt-1 pb-1.5">
      <ul aria-label={t.photo.tray} className="flex gap-2 overflow-x-auto p-1 [scrollbar-width:thin]">
        {chosen.map((photo, i) => (
          <Thumb
            key={photo.key}
            photo={photo}
            number={i + 1}
            onAgain={() => begin(roomId, photo)}
            onRemove={() => {
              takeOut(roomId, photo.key);
              if (chosen.length === 1) onEmpty();
            }}
          />
        ))}
      </ul>
      {trouble !== undefined && (
        <p role="alert" className="px-1.5 pt-1 text-note text-danger">
          {t.error[trouble]}
        </p>
      )}
    </div>
  );
}

interface ThumbProps {
  photo: Chosen;
  number: number;
  onAgain: () => void;
  onRemove: () => void;
}

function Thumb({ photo, number, onAgain, onRemove }: ThumbProps) {
  const t = useT();
  const progress = useProgress((all) => all[photo.key]);
  const failed = photo.trouble !== undefined;
  return (
    <li
      className={cx(
        'relative size-[76px] flex-none overflow-hidden rounded-m bg-sunken',
        failed && 'outline-2 outline-danger',
      )}
    >
      <img
        src={urlOf(photo)}
        alt={t.photo.one}
        draggable={false}
        className={cx('size-full object-cover', (progress !== undefined || failed) && 'brightness-75')}
      />
      {progress !== undefined && (
        <span className="absolute inset-0 grid place-items-center">
          <Ring value={progress} label={t.photo.uploading} />
        </span>
      )}
      {failed && (
        <button
          type="button"
          aria-label={t.photo.again}
          onClick={onAgain}
          className="absolute inset-0 grid place-items-center text-[#fff] focus-visible:outline-offset-[-3px]"
        >
          <RotateCw size={22} strokeWidth={2} />
        </button>
      )}
      <button
        type="button"
        aria-label={t.photo.takeOut(number)}
        onClick={onRemove}
        className="absolute top-0 right-0 flex size-9 items-start justify-end p-1 text-[#fff] touch:size-11"
      >
        <span className="grid size-[22px] place-items-center rounded-full bg-[rgb(20_16_12/0.7)]">
          <X size={14} strokeWidth={2.25} />
        </span>
      </button>
    </li>
  );
}
