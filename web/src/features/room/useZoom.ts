import { useEffect, useEffectEvent, useRef, useState } from 'react';

interface Options {
  /** Another one begins unzoomed. */
  key: string;
  /** Its size in pixels: it is shown whole, and no larger than that. */
  size: { width: number; height: number };
  /** Swiped to the side while unzoomed: 1 to the next, -1 back. */
  onSwipe: (by: number) => void;
  /** Swiped down while unzoomed. */
  onDismiss: () => void;
}

const most = 6;
/** A swipe is this long, in CSS pixels. */
const swipe = 56;

interface Place {
  scale: number;
  x: number;
  y: number;
}

const home: Place = { scale: 1, x: 0, y: 0 };

/**
 * Zooming and moving a picture by fingers, mouse and wheel. It is painted by transform alone, and React hears only whether it
 * is zoomed.
 */
export function useZoom({ key, size, onSwipe, onDismiss }: Options) {
  // The page gives it its place a moment after it is drawn.
  const [stage, setStage] = useState<HTMLDivElement | null>(null);
  const picture = useRef<HTMLDivElement>(null);
  const place = useRef<Place>(home);
  const [zoomedKey, setZoomedKey] = useState<string>();

  const paint = (next: Place, settle = false) => {
    const el = picture.current;
    const box = stage?.getBoundingClientRect();
    if (!el || !box) return;
    const scale = Math.min(most, Math.max(1, next.scale));
    // No further than its edges to those of the stage.
    const { clientWidth, clientHeight } = el;
    const style = getComputedStyle(el);
    const fits = Math.min(
      1,
      (clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)) / size.width,
      (clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)) / size.height,
    );
    const wide = Math.max(0, (size.width * fits * scale - box.width) / 2);
    const high = Math.max(0, (size.height * fits * scale - box.height) / 2);
    const free = scale === 1 && !settle;
    place.current = {
      scale,
      x: free ? next.x : Math.min(wide, Math.max(-wide, next.x)),
      y: free ? next.y : Math.min(high, Math.max(-high, next.y)),
    };
    el.style.transition = settle ? 'transform 160ms ease-out' : 'none';
    el.style.transform = `translate(${place.current.x}px, ${place.current.y}px) scale(${scale})`;
    setZoomedKey(scale > 1 ? key : undefined);
  };

  /** Multiplies the size around a point of the stage; 0 shows it whole. */
  const zoomAt = (by: number, clientX?: number, clientY?: number, settle = true) => {
    const box = stage?.getBoundingClientRect();
    if (!box) return;
    const { scale, x, y } = place.current;
    const next = by === 0 ? 1 : Math.min(most, Math.max(1, scale * by));
    const [cx, cy] = [
      (clientX ?? box.x + box.width / 2) - box.x - box.width / 2,
      (clientY ?? box.y + box.height / 2) - box.y - box.height / 2,
    ];
    const grown = next / scale;
    paint({ scale: next, x: cx - (cx - x) * grown, y: cy - (cy - y) * grown }, settle);
  };

  const down = useEffectEvent((event: PointerEvent, pointers: Map<number, PointerEvent>) => {
    if (event.button > 0 || (event.target as Element).closest('button')) return;
    pointers.set(event.pointerId, event);
    stage?.setPointerCapture(event.pointerId);
  });
  const move = useEffectEvent((event: PointerEvent, pointers: Map<number, PointerEvent>) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const { scale, x, y } = place.current;
    if (other) {
      const span = (one: PointerEvent) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const [was, now] = [span(before), span(event)];
      if (was > 0) zoomAt(now / was, (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2, false);
    } else paint({ scale, x: x + event.clientX - before.clientX, y: y + event.clientY - before.clientY });
    pointers.set(event.pointerId, event);
  });
  const up = useEffectEvent((event: PointerEvent, pointers: Map<number, PointerEvent>) => {
    if (!pointers.delete(event.pointerId) || pointers.size > 0) return;
    const { scale, x, y } = place.current;
    const [across, along] = [Math.abs(x), Math.abs(y)];
    if (scale === 1 && event.type === 'pointerup') {
      if (across > swipe && across > along) onSwipe(x < 0 ? 1 : -1);
      else if (y > 2 * swipe && along > across) {
        onDismiss();
        return;
      }
    }
    paint({ scale, x: scale === 1 ? 0 : x, y: scale === 1 ? 0 : y }, true);
  });
  const wheel = useEffectEvent((event: WheelEvent) => {
    event.preventDefault();
    zoomAt(Math.exp(-event.deltaY / 400), event.clientX, event.clientY, false);
  });
  const twice = useEffectEvent((event: MouseEvent) => {
    if ((event.target as Element).closest('button')) return;
    zoomAt(place.current.scale > 1 ? 0 : 2.5, event.clientX, event.clientY);
  });

  useEffect(() => {
    if (!stage) return;
    const pointers = new Map<number, PointerEvent>();
    const abort = new AbortController();
    const { signal } = abort;
    stage.addEventListener('pointerdown', (event) => down(event, pointers), { signal });
    stage.addEventListener('pointermove', (event) => move(event, pointers), { signal });
    stage.addEventListener('pointerup', (event) => up(event, pointers), { signal });
    stage.addEventListener('pointercancel', (event) => up(event, pointers), { signal });
    stage.addEventListener('wheel', (event) => wheel(event), { signal, passive: false });
    stage.addEventListener('dblclick', (event) => twice(event), { signal });
    return () => abort.abort();
  }, [stage]);

  useEffect(() => {
    place.current = home;
  }, [key]);

  return { setStage, picture, zoomed: zoomedKey === key, zoom: (by: number) => zoomAt(by) };
}
