import { ImageOff, RotateCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useT } from '../../lib/i18n';
import { boxOf, gridOf, whatIsWrong, widest, type Picture, type Trouble } from '../../lib/picture';
import { Blurred } from '../../ui/Blurred';
import { cx } from '../../ui/cx';
import { Ring } from '../../ui/Ring';

interface Props {
  pictures: readonly Picture[];
  /** Whose they are. */
  who: string;
  onOpen?: ((index: number, from: HTMLElement) => void) | undefined;
  /** Ends what is on its way. */
  onCancel?: (() => void) | undefined;
}

/** The pictures of one message. Their boxes stand before anything of them is there, so nothing jumps. */
export function Pictures({ pictures, who, onOpen, onCancel }: Props) {
  const t = useT();
  const tile = (index: number, ratio: number, loose = false) => {
    const picture = pictures[index];
    if (!picture) return null;
    return (
      <Tile
        key={index}
        picture={picture}
        ratio={ratio}
        loose={loose}
        label={t.photo.nth(index + 1, pictures.length, who)}
        onOpen={onOpen && ((from) => onOpen(index, from))}
        onCancel={onCancel}
      />
    );
  };
  const [first] = pictures;
  if (pictures.length === 1 && first) {
    const { width, ratio, loose } = boxOf(first);
    return (
      <div className="overflow-hidden rounded-bubble" style={{ width: widthOf(width) }}>
        {tile(0, ratio, loose)}
      </div>
    );
  }
  const rows: number[][] = [];
  let next = 0;
  for (const length of gridOf(pictures.length)) {
    rows.push(Array.from({ length }, (_, i) => next + i));
    next += length;
  }
  return (
    <div className="flex flex-col gap-[3px] overflow-hidden rounded-bubble" style={{ width: widthOf(widest) }}>
      {rows.map((row) => (
        <div key={row[0]} className="flex gap-[3px]">
          {row.map((index) => (
            <div key={index} className="min-w-0 flex-1">
              {tile(index, 1)}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

/** Beside it on a phone stand the sender's face and the time. */
const widthOf = (most: number): string => `min(${most}px, 68vw, 100vw - 140px)`;

interface TileProps {
  picture: Picture;
  ratio: number;
  /** It is smaller than its box. */
  loose: boolean;
  label: string;
  onOpen: ((from: HTMLElement) => void) | undefined;
  onCancel: (() => void) | undefined;
}

function Tile({ picture, ratio, loose, label, onOpen, onCancel }: TileProps) {
  const t = useT();
  const { src, blur, progress, failed = false, moves = false } = picture;
  const shown = useWithoutGap(src);
  const [there, setThere] = useState('');
  const [trouble, setTrouble] = useState<Trouble>();
  const [tries, setTries] = useState(0);
  const picked = (
    <>
      {blur !== undefined && !loose && there === '' && <Blurred hash={blur} />}
      <img
        key={tries}
        src={shown}
        alt={onOpen ? '' : label}
        loading="lazy"
        decoding="async"
        draggable={false}
        onLoad={() => {
          setThere(shown);
          setTrouble(undefined);
        }}
        onError={() => void whatIsWrong(shown).then(setTrouble)}
        className={cx(
          'absolute inset-0 size-full transition-opacity duration-200',
          loose ? 'object-scale-down' : 'object-cover',
          there === '' && 'opacity-0',
          progress !== undefined && 'brightness-75',
        )}
      />
      {moves && (
        <span className="absolute bottom-2 left-2 rounded-s bg-[rgb(20_16_12/0.62)] px-1.5 text-tiny font-medium text-[#fff]">
          GIF
        </span>
      )}
    </>
  );
  return (
    <div
      className={cx('relative bg-sunken', failed && 'outline-2 -outline-offset-2 outline-danger')}
      style={{ aspectRatio: ratio }}
    >
      {trouble !== undefined && there === '' ? (
        <div className="absolute inset-0 grid place-content-center justify-items-center gap-1.5 p-2 text-center text-note text-ink-2">
          <ImageOff size={20} strokeWidth={1.75} aria-hidden="true" />
          <span>{trouble === 'gone' ? t.photo.gone : t.photo.notLoaded}</span>
          {trouble === 'failed' && (
            <button
              type="button"
              onClick={() => {
                setTrouble(undefined);
                setTries((n) => n + 1);
              }}
              className="flex min-h-8 items-center gap-1.5 rounded-s px-2 font-medium text-ink hovering:hover:bg-line/60 touch:min-h-11"
            >
              <RotateCw size={14} strokeWidth={2} />
              {t.act.retry}
            </button>
          )}
        </div>
      ) : onOpen ? (
        <button
          type="button"
          aria-label={label}
          onClick={(event) => onOpen(event.currentTarget)}
          className="absolute inset-0 size-full overflow-hidden focus-visible:outline-offset-[-3px]"
        >
          {picked}
        </button>
      ) : (
        picked
      )}
      {progress !== undefined && (
        <span className="absolute inset-0 grid place-items-center">
          <Ring
            value={progress}
            label={t.photo.uploading}
            cancel={onCancel && { label: t.photo.stop, act: onCancel }}
          />
        </span>
      )}
    </div>
  );
}

/** What is painted stays until what follows it can be: a picture that was sent never flashes. */
function useWithoutGap(src: string): string {
  const [ready, setReady] = useState(src);
  // Only what this page made itself stands in for what the server has.
  const waits = ready !== src && ready.startsWith('blob:');
  useEffect(() => {
    if (!waits) return;
    const next = new Image();
    const swap = () => setReady(src);
    next.onload = swap;
    next.onerror = swap;
    next.src = src;
    return () => {
      next.onload = null;
      next.onerror = null;
    };
  }, [src, waits]);
  return waits ? ready : src;
}
