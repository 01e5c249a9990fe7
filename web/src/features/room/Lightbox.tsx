import { Dialog as Base } from '@base-ui/react/dialog';
import { ChevronLeft, ChevronRight, Download, Play, X, ZoomIn, ZoomOut } from 'lucide-react';
import { useEffect, useState, type ReactNode, type RefObject } from 'react';
import { useT } from '../../lib/i18n';
import { useStill } from '../../lib/layout';
import type { Image } from '../../wire.gen';
import { whatIsWrong, type Trouble } from '../../lib/picture';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { useZoom } from './useZoom';

/** An image with who sent it and when, in words. */
export interface Viewed {
  image: Image;
  who: string;
  when: string;
  caption?: string | undefined;
}

interface Props {
  items: readonly Viewed[];
  index: number;
  onIndex: (index: number) => void;
  onClose: () => void;
  /** Where the focus goes back to. */
  back: HTMLElement | undefined;
}

/** Images over the whole page, one at a time. Escape, Android's back and a swipe down close it. */
export function Lightbox({ items, index, onIndex, onClose, back }: Props) {
  const t = useT();
  const item = items[index];
  const last = items.length - 1;
  const go = (by: number) => {
    const next = index + by;
    if (next >= 0 && next <= last) onIndex(next);
  };
  const { setStage, picture, zoomed, zoom } = useZoom({
    key: item?.image.id ?? '',
    size: item?.image ?? { width: 1, height: 1 },
    onSwipe: go,
    onDismiss: onClose,
  });

  // Those beside it are there when they are asked for.
  useEffect(() => {
    for (const beside of [items[index + 1], items[index - 1]]) {
      if (beside) new window.Image().src = beside.image.url;
    }
  }, [items, index]);

  if (!item) return null;
  const { image, who, when, caption } = item;
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Popup
          finalFocus={() => back ?? true}
          onKeyDown={(event) => {
            const acts: Record<string, () => void> = {
              ArrowLeft: () => go(-1),
              ArrowRight: () => go(1),
              Home: () => onIndex(0),
              End: () => onIndex(last),
              '+': () => zoom(1.5),
              '=': () => zoom(1.5),
              '-': () => zoom(1 / 1.5),
              '0': () => zoom(0),
            };
            const act = acts[event.key];
            if (!act) return;
            event.preventDefault();
            act();
          }}
          className="pop fixed inset-0 z-50 flex flex-col bg-[#0f0d0b] text-[#f4efe8] outline-none select-none"
        >
          <Base.Title className="sr-only">{t.photo.view}</Base.Title>
          <header className="z-10 flex flex-none items-center gap-1 px-2 pt-[max(8px,env(safe-area-inset-top))] pb-2 desk:px-4">
            <div className="min-w-0 flex-1 px-2">
              <p className="truncate text-row font-medium" dir="auto">
                {who}
              </p>
              <p className="text-note text-[#b9b0a5]">
                {when}
                {items.length > 1 && <span className="tabular"> · {t.photo.position(index + 1, items.length)}</span>}
              </p>
            </div>
            <Tool label={zoomed ? t.photo.zoomOut : t.photo.zoomIn} onClick={() => zoom(zoomed ? 0 : 2.5)}>
              {zoomed ? <ZoomOut size={21} strokeWidth={1.75} /> : <ZoomIn size={21} strokeWidth={1.75} />}
            </Tool>
            <a href={`${image.url}?download=1`} download aria-label={t.photo.download} className={tool}>
              <Download size={21} strokeWidth={1.75} />
            </a>
            <Base.Close aria-label={t.photo.close} className={tool}>
              <X size={23} strokeWidth={1.75} />
            </Base.Close>
          </header>
          <div ref={setStage} className="relative min-h-0 flex-1 touch-none overflow-hidden">
            <Shown key={image.id} image={image} alt={t.photo.nth(index + 1, items.length, who)} picture={picture} />
            {index > 0 && (
              <Side label={t.photo.previous} onClick={() => go(-1)} left>
                <ChevronLeft size={26} strokeWidth={1.75} />
              </Side>
            )}
            {index < last && (
              <Side label={t.photo.next} onClick={() => go(1)}>
                <ChevronRight size={26} strokeWidth={1.75} />
              </Side>
            )}
          </div>
          <p role="status" className="sr-only">
            {t.photo.position(index + 1, items.length)}
          </p>
          {caption !== undefined && caption !== '' && (
            <p
              dir="auto"
              className="scrollable max-h-[25dvh] flex-none px-5 pt-3 pb-[max(14px,env(safe-area-inset-bottom))] text-center whitespace-pre-wrap select-text"
            >
              {caption}
            </p>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

interface ShownProps {
  image: Image;
  alt: string;
  picture: RefObject<HTMLDivElement | null>;
}

/** The smaller form until the whole is there. */
function Shown({ image, alt, picture }: ShownProps) {
  const t = useT();
  const [there, setThere] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [playing, setPlaying] = useState(!useStill() || image.contentType !== 'image/gif');
  if (trouble !== undefined) {
    return (
      <div
        role="alert"
        className="absolute inset-0 flex flex-col items-center justify-center gap-3 p-6 text-center select-text"
      >
        <p>{trouble === 'gone' ? t.photo.deleted : t.photo.notLoaded}</p>
        {trouble === 'failed' && (
          <Button look="plain" onClick={() => setTrouble(undefined)}>
            {t.act.retry}
          </Button>
        )}
      </div>
    );
  }
  return (
    <div ref={picture} className="absolute inset-0 grid place-items-center p-1 will-change-transform desk:px-16">
      <div
        className="relative max-h-full max-w-full"
        // Its box is the picture's own, so that nothing moves when the whole comes.
        style={{ aspectRatio: `${image.width} / ${image.height}`, width: `min(100%, ${image.width}px)` }}
      >
        {!(there && playing) && (
          <img src={image.thumbUrl} alt="" draggable={false} className="absolute inset-0 size-full object-contain" />
        )}
        <img
          src={playing ? image.url : image.thumbUrl}
          alt={alt}
          draggable={false}
          onLoad={() => setThere(true)}
          onError={() => void whatIsWrong(image.url).then(setTrouble)}
          className={cx('absolute inset-0 size-full object-contain', !there && 'opacity-0')}
        />
        {!playing && (
          <button
            type="button"
            onClick={() => {
              setThere(false);
              setPlaying(true);
            }}
            className="absolute inset-0 m-auto flex h-11 w-fit items-center gap-2 rounded-full bg-[rgb(15_13_11/0.72)] px-4 font-medium"
          >
            <Play size={17} strokeWidth={1.75} aria-hidden="true" />
            {t.photo.play}
          </button>
        )}
      </div>
    </div>
  );
}

const tool =
  'grid size-11 flex-none place-items-center rounded-m text-[#f4efe8] transition-colors duration-120 hovering:hover:bg-[rgb(255_255_255/0.12)] active:bg-[rgb(255_255_255/0.18)]';

function Tool({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" aria-label={label} onClick={onClick} className={tool}>
      {children}
    </button>
  );
}

function Side({
  label,
  left = false,
  onClick,
  children,
}: {
  label: string;
  left?: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      onClick={onClick}
      className={cx(
        'absolute top-1/2 grid size-11 -translate-y-1/2 place-items-center rounded-full bg-[rgb(15_13_11/0.55)] hovering:hover:bg-[rgb(60_54_48/0.85)] touch:sr-only',
        left ? 'left-2.5' : 'right-2.5',
      )}
    >
      {children}
    </button>
  );
}
