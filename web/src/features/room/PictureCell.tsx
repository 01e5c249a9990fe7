import { ImageOff, RotateCw, X } from 'lucide-react';
import type { CSSProperties } from 'react';
import { useT } from '../../lib/i18n';
import { Blur } from '../../ui/Blur';
import { cx } from '../../ui/cx';
import { Ring } from '../../ui/Ring';
import { useComing } from '../../ui/useComing';
import type { Picture } from './Pictures';

interface Props {
  picture: Picture;
  own: boolean;
  /** It is smaller than its box, and not blown up. */
  loose: boolean;
  /** What it is, in words. */
  label: string;
  style: CSSProperties | undefined;
  onOpen: (() => void) | undefined;
  onCancel: (() => void) | undefined;
  onRetry: (() => void) | undefined;
}

/** One picture in its box: coming, there, on its way to the server, or what went wrong with it. */
export function PictureCell({ picture, own, loose, label, style, onOpen, onCancel, onRetry }: Props) {
  const { thumb, moving, blur, progress, failed = false } = picture;
  const { state, attempt, image, faded, again, onFaded } = useComing(thumb);
  const waiting = failed || progress !== undefined;
  const shown = (
    <>
      <picture key={attempt}>
        {moving !== undefined && <source srcSet={moving} media="(prefers-reduced-motion: no-preference)" />}
        <img
          {...image}
          src={thumb}
          alt={label}
          loading="lazy"
          decoding="async"
          draggable={false}
          className={cx(
            'absolute inset-0 size-full',
            // Of what is cut, the top of a tall one tells most.
            loose ? 'object-scale-down' : picture.height > picture.width ? 'object-cover object-top' : 'object-cover',
            state === 'there' ? 'opacity-100' : 'opacity-0',
          )}
        />
      </picture>
      {!faded && !loose && <Blur hash={blur} gone={state === 'there'} onGone={onFaded} />}
      <span className="pointer-events-none absolute inset-0 rounded-[inherit] shadow-[inset_0_0_0_1px_color-mix(in_srgb,var(--ink)_9%,transparent)]" />
    </>
  );
  return (
    <div
      style={style}
      className={cx('relative size-full min-w-0 overflow-hidden rounded-[4px]', own ? 'bg-accent-tint' : 'bg-sunken')}
    >
      {state === 'gone' || state === 'wrong' ? (
        <Missing gone={state === 'gone'} label={label} onRetry={again} />
      ) : onOpen && !waiting ? (
        <button
          type="button"
          onClick={onOpen}
          className="absolute inset-0 size-full cursor-zoom-in overflow-hidden rounded-[inherit] focus-visible:outline-offset-[-3px]"
        >
          {shown}
        </button>
      ) : (
        shown
      )}
      {waiting && <OnItsWay failed={failed} progress={progress ?? 0} onCancel={onCancel} onRetry={onRetry} />}
    </div>
  );
}

/** A picture that did not come. What may not be seen any more will not come at another try either. */
function Missing({ gone, label, onRetry }: { gone: boolean; label: string; onRetry: () => void }) {
  const t = useT();
  const words = gone ? t.photo.gone : t.photo.wrong;
  const inside = (
    <>
      {gone ? <ImageOff size={20} strokeWidth={1.75} /> : <RotateCw size={20} strokeWidth={1.75} />}
      <span className="max-w-full text-note leading-tight [@container(max-width:100px)]:sr-only">
        {gone ? words : `${words} ${t.act.retry}`}
      </span>
    </>
  );
  const look =
    'absolute inset-0 flex size-full flex-col items-center justify-center gap-1.5 p-2 text-center text-ink-2 [container-type:inline-size]';
  if (gone) {
    return (
      <div role="img" aria-label={`${label}. ${words}`} className={look}>
        {inside}
      </div>
    );
  }
  return (
    <button
      type="button"
      aria-label={`${label}. ${words} ${t.act.retry}`}
      onClick={onRetry}
      className={cx(look, 'focus-visible:outline-offset-[-3px] hovering:hover:text-ink')}
    >
      {inside}
    </button>
  );
}

interface WayProps {
  failed: boolean;
  progress: number;
  onCancel: (() => void) | undefined;
  onRetry: (() => void) | undefined;
}

const disc =
  'relative grid size-11 place-items-center rounded-full bg-film text-on-film focus-visible:outline-on-film';

/** Over a picture that is being uploaded: how far it is, with a way to stop it, or to try again. */
function OnItsWay({ failed, progress, onCancel, onRetry }: WayProps) {
  const t = useT();
  return (
    <div className="absolute inset-0 grid place-items-center bg-film/40">
      {failed ? (
        <button type="button" aria-label={t.photo.uploadAgain} disabled={!onRetry} onClick={onRetry} className={disc}>
          <RotateCw size={20} strokeWidth={2} />
        </button>
      ) : (
        <button
          type="button"
          aria-label={t.photo.stop(Math.round(progress * 100))}
          disabled={!onCancel}
          onClick={onCancel}
          className={disc}
        >
          <span className="absolute inset-0">
            <Ring fraction={progress} size={44} />
          </span>
          {onCancel && <X size={18} strokeWidth={2} />}
        </button>
      )}
    </div>
  );
}
