import { useSyncExternalStore } from 'react';

/** phone: one screen at a time. narrow: rooms and conversation. wide: members too. */
export type Layout = 'phone' | 'narrow' | 'wide';

const desk = window.matchMedia('(min-width: 720px)');
const wide = window.matchMedia('(min-width: 1100px)');

const layoutNow = (): Layout => (wide.matches ? 'wide' : desk.matches ? 'narrow' : 'phone');

function subscribe(changed: () => void): () => void {
  desk.addEventListener('change', changed);
  wide.addEventListener('change', changed);
  return () => {
    desk.removeEventListener('change', changed);
    wide.removeEventListener('change', changed);
  };
}

export const useLayout = (): Layout => useSyncExternalStore(subscribe, layoutNow);

/** Fingers: Enter breaks the line, and no field takes the focus by itself. */
export const isTouch = (): boolean => window.matchMedia('(pointer: coarse)').matches;

const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

function subscribeCalm(changed: () => void): () => void {
  calm.addEventListener('change', changed);
  return () => calm.removeEventListener('change', changed);
}

/** The reader wants nothing to move by itself. */
export const useStill = (): boolean => useSyncExternalStore(subscribeCalm, () => calm.matches);
