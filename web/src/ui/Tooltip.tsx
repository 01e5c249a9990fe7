import type { FocusEvent, PointerEvent } from 'react';
import { create } from 'zustand';
import { laterKit } from './laterKit';

const useKit = laterKit(() => import('./tooltipKit'));

/** How long the mouse rests until it is told what it is on, in milliseconds. */
const rest = 500;
/** This soon after one tooltip the next needs no rest. */
const warm = 300;

interface Tip {
  anchor: HTMLElement;
  label: string;
}

const useTip = create<{ tip: Tip | undefined }>(() => ({ tip: undefined }));
let timer: ReturnType<typeof setTimeout> | undefined;
let closedAt = -Infinity;

function show(anchor: HTMLElement, label: string, after: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => useTip.setState({ tip: { anchor, label } }), after);
}

function hide(): void {
  clearTimeout(timer);
  if (useTip.getState().tip) closedAt = performance.now();
  useTip.setState({ tip: undefined });
}

/** The handlers of a button without words. Its label is read out anyway: the tooltip is for those who see the button. */
export const tooltip = (label: string) => ({
  onPointerEnter: (event: PointerEvent<HTMLElement>) => {
    if (event.pointerType !== 'mouse') return;
    show(event.currentTarget, label, performance.now() - closedAt < warm ? 0 : rest);
  },
  onPointerLeave: hide,
  onPointerDown: hide,
  onFocus: (event: FocusEvent<HTMLElement>) => {
    if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget, label, 0);
  },
  onBlur: hide,
});

/** Draws the one tooltip there is. */
export function Tooltips() {
  const tip = useTip((state) => state.tip);
  const kit = useKit(false, hide);
  // Its button may be gone before the mouse leaves it.
  return kit && tip?.anchor.isConnected && <kit.Bubble anchor={tip.anchor} label={tip.label} onClose={hide} />;
}
