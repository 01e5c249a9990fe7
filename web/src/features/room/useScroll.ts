import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Within this many pixels of the end the reader is at the end. */
const nearEnd = 48;
/** Pages are asked for this many pixels before the edge of what is there. */
const nearEdge = 800;
/** What is further away than this many heights of the window is out of sight. */
const outOfSight = 4;

/** Where the view may be taken. */
export type Target = 'end' | 'divider';

interface Options {
  /** What is drawn. Each row is an element with `data-row` (its key) and, where it is the server's, `data-seq`. */
  rows: readonly { key: string }[];
  /** The last row is the newest there is: whoever is at the end follows the conversation. */
  live: boolean;
  /** The rows are before the reader's eyes. */
  visible: boolean;
  /** Something below the divider is unread: whoever looked away and comes back begins there. */
  unread: boolean;
  /** The key of the last row where it is the reader's own: they want to see what they send. */
  own: string | undefined;
  /** The view nears an edge. What lies beyond `far` is out of sight. */
  onTop: (far: number) => void;
  onBottom: (far: number) => void;
}

interface View {
  /** The newest row is in view, or nearly. */
  atEnd: boolean;
  /** The divider was passed: it stands above the view. */
  pastDivider: boolean;
  /** The highest seq that came into view entirely. */
  seen: number;
}

interface Anchor {
  key: string;
  top: number;
}

const rowsIn = (content: HTMLElement) => [...content.querySelectorAll<HTMLElement>('[data-row]')];
const dividerIn = (content: HTMLElement) => content.querySelector<HTMLElement>('[data-row="divider"]');
const seqOf = (row: HTMLElement | undefined): number | undefined => {
  const seq = row?.dataset['seq'];
  return seq === undefined ? undefined : Number(seq);
};

/** Whether the divider stands above the view. */
function passed(el: HTMLElement, content: HTMLElement): boolean {
  const divider = dividerIn(content)?.getBoundingClientRect();
  return divider !== undefined && divider.bottom < el.getBoundingClientRect().top;
}

/** The first of the rows, which lie one below the other, whose lower edge is below a line. */
function firstBelow(rows: readonly HTMLElement[], line: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > line) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Keeps the row under the eye still: whatever comes, goes or changes its height above it, moves nothing. Only at the end
 * the view follows what comes below.
 */
export function useScroll({ rows, live, visible, unread, own, onTop, onBottom }: Options) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ atEnd: true, pastDivider: false, seen: 0 });
  /** Rows in view, with their distance from its top. The first that is still there holds the view. */
  const anchors = useRef<Anchor[]>([]);
  const followed = useRef(true);
  const heights = useRef({ box: 0, content: 0 });
  const placed = useRef(false);
  const wanted = useRef<Target>(undefined);
  const lastOwn = useRef(own);
  const looked = useRef(visible);
  const latest = useRef({ live, visible, onTop, onBottom });

  const look = useCallback(() => {
    const [el, inner] = [box.current, content.current];
    if (!el || !inner || !placed.current) return;
    heights.current = { box: el.clientHeight, content: el.scrollHeight };
    const { top, bottom, height } = el.getBoundingClientRect();
    const all = rowsIn(inner);
    const first = firstBelow(all, top);
    // Half a pixel is no row's end.
    const after = firstBelow(all, bottom + 0.5);
    anchors.current = all
      .slice(first, after + 1)
      .map((row) => ({ key: row.dataset['row'] ?? '', top: row.getBoundingClientRect().top - top }));
    const { live: present, visible: looking, onTop: nearTop, onBottom: nearBottom } = latest.current;
    const left = el.scrollHeight - el.clientHeight - el.scrollTop;
    followed.current = present && left < nearEnd;
    const shown = looking ? all.slice(0, after) : [];
    const seen = shown.reduce((highest, row) => Math.max(highest, seqOf(row) ?? 0), 0);
    const pastDivider = passed(el, inner);
    setView((old) => {
      const next = { atEnd: followed.current, pastDivider, seen: Math.max(old.seen, seen) };
      return next.atEnd === old.atEnd && next.pastDivider === old.pastDivider && next.seen === old.seen ? old : next;
    });
    const away = outOfSight * height;
    const seqFrom = (from: number, step: 1 | -1) => {
      for (let i = from; i >= 0 && i < all.length; i += step) {
        const seq = seqOf(all[i]);
        if (seq !== undefined) return seq;
      }
      return undefined;
    };
    if (el.scrollTop < nearEdge) nearTop(seqFrom(firstBelow(all, bottom + away), 1) ?? Infinity);
    if (left < nearEdge) nearBottom(seqFrom(firstBelow(all, top - away) - 1, -1) ?? 0);
  }, []);

  /** Puts the first anchor that is still there back to where it was. */
  const hold = useCallback(() => {
    const [el, inner] = [box.current, content.current];
    if (!el || !inner) return;
    const { top } = el.getBoundingClientRect();
    for (const anchor of anchors.current) {
      const row = inner.querySelector<HTMLElement>(`[data-row="${CSS.escape(anchor.key)}"]`);
      if (!row) continue;
      const moved = row.getBoundingClientRect().top - top - anchor.top;
      if (Math.abs(moved) >= 1) el.scrollTop += moved;
      return;
    }
  }, []);

  /** Takes the view somewhere, as soon as it is there to be seen. */
  const go = useCallback(
    (target: Target): void => {
      const [el, inner] = [box.current, content.current];
      if (!el || !inner) return;
      const divider = dividerIn(inner);
      if (target === 'divider' ? !divider : !latest.current.live) {
        wanted.current = target;
        return;
      }
      wanted.current = undefined;
      if (target === 'divider' && divider) {
        const { top, height } = el.getBoundingClientRect();
        el.scrollTop += divider.getBoundingClientRect().top - top - height / 3;
      } else el.scrollTop = el.scrollHeight;
      look();
    },
    [look],
  );

  useLayoutEffect(() => {
    const [el, inner] = [box.current, content.current];
    latest.current = { live, visible, onTop, onBottom };
    if (!el || !inner || rows.length === 0) return;
    const sent = own !== undefined && own !== lastOwn.current;
    lastOwn.current = own;
    const back = visible && !looked.current;
    looked.current = visible;
    if (!placed.current) {
      placed.current = true;
      if (dividerIn(inner)) go('divider');
      else el.scrollTop = el.scrollHeight;
    } else if (wanted.current) go(wanted.current);
    else if (back && unread && passed(el, inner)) go('divider');
    else if (sent || followed.current) go('end');
    else hold();
    look();
  }, [rows, live, visible, unread, own, onTop, onBottom, go, hold, look]);

  const onScroll = useCallback(() => {
    const el = box.current;
    // A scroll that comes of another height is not the reader's: the observer below puts it right.
    if (el?.clientHeight === heights.current.box && el.scrollHeight === heights.current.content) look();
  }, [look]);

  useEffect(() => {
    const [el, inner] = [box.current, content.current];
    if (!el || !inner) return;
    // The keyboard opens, a line wraps, a picture gets its size.
    const observer = new ResizeObserver(() => {
      if (followed.current && latest.current.live) el.scrollTop = el.scrollHeight;
      else hold();
      look();
    });
    observer.observe(el);
    observer.observe(inner);
    return () => observer.disconnect();
  }, [hold, look]);

  /** What was wanted will not come. */
  const giveUp = useCallback(() => {
    wanted.current = undefined;
  }, []);

  return { box, content, view, go, giveUp, onScroll };
}
