import { useRef, useState, type CSSProperties } from 'react';
import { useT } from '../../lib/i18n';
import { urlOf, type Photo } from '../../lib/photos';
import { areaOf, mostZoom, whole, within, type Cut } from '../../lib/square';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { Ring } from '../../ui/Ring';

/** The square on the screen, in CSS pixels. */
const side = 264;
/** What is uploaded of it, at most; the server makes 256 of it. */
const largest = 1024;

interface Props {
  photo: Photo;
  /** Of what is uploaded, 0 to 1; undefined while nothing is. */
  progress: number | undefined;
  onDone: (square: Blob) => void;
  onCancel: () => void;
}

/** Chooses the square of a picture that becomes a profile photo. */
export function Cropper({ photo, progress, onDone, onCancel }: Props) {
  const t = useT();
  const [cut, setCut] = useState<Cut>(whole);
  const img = useRef<HTMLImageElement>(null);
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const change = (next: (cut: Cut) => Cut) => setCut((now) => within(photo, next(now)));

  const shorter = Math.min(photo.width, photo.height);
  const [width, height] = [(photo.width / shorter) * side * cut.zoom, (photo.height / shorter) * side * cut.zoom];

  const done = () => {
    const { left, top, side: from } = areaOf(photo, cut);
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = Math.round(Math.min(largest, from));
    const context = canvas.getContext('2d');
    if (!context || !img.current) return;
    context.drawImage(img.current, left, top, from, from, 0, 0, canvas.width, canvas.height);
    const type = photo.file.type === 'image/png' ? 'image/png' : 'image/jpeg';
    canvas.toBlob((blob) => blob && onDone(blob), type, 0.92);
  };

  const busy = progress !== undefined;
  return (
    <div className="mt-5 flex flex-col items-center gap-5">
      <div className="relative flex-none">
        <button
          type="button"
          aria-label={t.me.cropArea}
          disabled={busy}
          onKeyDown={(event) => {
            const step = event.shiftKey ? 0.1 : 0.02;
            const moves: Record<string, (now: Cut) => Cut> = {
              ArrowLeft: (now) => ({ ...now, x: now.x - step }),
              ArrowRight: (now) => ({ ...now, x: now.x + step }),
              ArrowUp: (now) => ({ ...now, y: now.y - step }),
              ArrowDown: (now) => ({ ...now, y: now.y + step }),
              '+': (now) => ({ ...now, zoom: now.zoom * 1.1 }),
              '=': (now) => ({ ...now, zoom: now.zoom * 1.1 }),
              '-': (now) => ({ ...now, zoom: now.zoom / 1.1 }),
            };
            const move = moves[event.key];
            if (!move) return;
            event.preventDefault();
            change(move);
          }}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
          }}
          onPointerMove={(event) => {
            const before = pointers.current.get(event.pointerId);
            if (!before) return;
            const now = { x: event.clientX, y: event.clientY };
            const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
            pointers.current.set(event.pointerId, now);
            if (other) {
              const span = (one: typeof now) => Math.hypot(one.x - other.x, one.y - other.y);
              const by = span(now) / Math.max(1, span(before));
              change((one) => ({ zoom: one.zoom * by, x: one.x * by, y: one.y * by }));
            } else {
              change((one) => ({ ...one, x: one.x + (now.x - before.x) / side, y: one.y + (now.y - before.y) / side }));
            }
          }}
          onPointerUp={(event) => pointers.current.delete(event.pointerId)}
          onPointerCancel={(event) => pointers.current.delete(event.pointerId)}
          onWheel={(event) => change((now) => ({ ...now, zoom: now.zoom * Math.exp(-event.deltaY / 400) }))}
          className={cx(
            'relative block touch-none overflow-hidden rounded-[38%] bg-sunken',
            busy ? 'brightness-75' : 'cursor-grab active:cursor-grabbing',
          )}
          style={{ width: side, height: side }}
          data-base-ui-swipe-ignore
        >
          <img
            ref={img}
            src={urlOf(photo)}
            alt=""
            draggable={false}
            className="pointer-events-none absolute max-w-none"
            style={{
              width,
              height,
              left: (side - width) / 2 + cut.x * side,
              top: (side - height) / 2 + cut.y * side,
            }}
          />
        </button>
        {busy && (
          <span className="absolute inset-0 grid place-items-center">
            <Ring value={progress} label={t.photo.uploading} />
          </span>
        )}
      </div>
      <label className="flex w-full max-w-[264px] items-center gap-3 text-small text-ink-2">
        {t.me.zoom}
        <input
          type="range"
          min={1}
          max={mostZoom}
          step={0.01}
          value={cut.zoom}
          disabled={busy}
          data-base-ui-swipe-ignore
          onChange={(event) => {
            const zoom = Number(event.currentTarget.value);
            change((now) => ({ zoom, x: (now.x * zoom) / now.zoom, y: (now.y * zoom) / now.zoom }));
          }}
          className="slider h-11 min-w-0 flex-1"
          style={{ '--part': `${(100 * (cut.zoom - 1)) / (mostZoom - 1)}%` } as CSSProperties}
        />
      </label>
      <div className="flex w-full justify-end gap-2">
        <Button look="quiet" onClick={onCancel}>
          {t.act.cancel}
        </Button>
        <Button busy={busy} onClick={done}>
          {t.act.save}
        </Button>
      </div>
    </div>
  );
}
