import type { MouseEvent, PointerEvent } from 'react';

/** How long a finger rests until it counts, in milliseconds. */
const rest = 450;
/** How far it may tremble, in pixels. */
const tremble = 8;

/** A resting finger, or the mouse's other button, on one element. Safari on iOS has no contextmenu event for it. */
export class LongPress {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #from = { x: 0, y: 0 };

  handlers(open: (from: Element) => void) {
    const stop = () => clearTimeout(this.#timer);
    return {
      onPointerDown: (event: PointerEvent) => {
        stop();
        if (event.pointerType === 'mouse') return;
        const { currentTarget } = event;
        this.#from = { x: event.clientX, y: event.clientY };
        this.#timer = setTimeout(() => open(currentTarget), rest);
      },
      onPointerUp: stop,
      onPointerCancel: stop,
      onPointerMove: (event: PointerEvent) => {
        if (Math.hypot(event.clientX - this.#from.x, event.clientY - this.#from.y) > tremble) stop();
      },
      onContextMenu: (event: MouseEvent) => {
        // Selected text and links keep the browser's own menu.
        const link = event.target instanceof Element && event.target.closest('a') !== null;
        if (link || getSelection()?.isCollapsed === false) return;
        event.preventDefault();
        stop();
        open(event.currentTarget);
      },
    };
  }
}
