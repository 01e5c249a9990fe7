import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Within this many pixels of the end the reader is at the end. */
const nearEnd = 48;
/** Older messages are asked for this far before the top. */
export const nearTop = 600;

interface Options {
  /** The key of the topmost and the lowest row: how prepending and appending are told apart. */
  top: string | undefined;
  bottom: string | undefined;
  /** The lowest row is the reader's own: they want to see it. */
  own: boolean;
  onTop: () => void;
}

/** Keeps the row under the eye still: rows that come above push nothing, rows that come below are followed at the end only. */
export function useScroll({ top, bottom, own, onTop }: Options) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const followed = useRef(true);
  const known = useRef<{ top: string | undefined; bottom: string | undefined; height: number; placed: boolean }>({
    top: undefined,
    bottom: undefined,
    height: 0,
    placed: false,
  });

  const toEnd = useCallback(() => {
    const el = box.current;
    if (!el) return;
    followed.current = true;
    el.scrollTop = el.scrollHeight;
    setAtEnd(true);
  }, []);

  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const before = known.current;
    if (!before.placed && bottom !== undefined) {
      const line = el.querySelector<HTMLElement>('[data-unread]');
      if (line) {
        el.scrollTop = line.offsetTop - el.clientHeight / 3;
        followed.current = el.scrollHeight - el.clientHeight - el.scrollTop < nearEnd;
      } else el.scrollTop = el.scrollHeight;
      known.current.placed = true;
    } else if (before.placed && top !== before.top && bottom === before.bottom) {
      el.scrollTop += el.scrollHeight - before.height;
    } else if (bottom !== before.bottom && (followed.current || own)) {
      el.scrollTop = el.scrollHeight;
      followed.current = true;
    }
    known.current = { top, bottom, height: el.scrollHeight, placed: known.current.placed };
  }, [top, bottom, own]);

  const onScroll = useCallback(() => {
    const el = box.current;
    if (!el) return;
    const end = el.scrollHeight - el.clientHeight - el.scrollTop < nearEnd;
    followed.current = end;
    setAtEnd(end);
    if (el.scrollTop < nearTop) onTop();
  }, [onTop]);

  useEffect(() => {
    const el = box.current;
    if (!el || !content.current) return;
    // The keyboard opens, a line wraps, a picture gets its size: whoever is at the end stays there.
    const observer = new ResizeObserver(() => {
      if (followed.current) el.scrollTop = el.scrollHeight;
      known.current.height = el.scrollHeight;
      setAtEnd(el.scrollHeight - el.clientHeight - el.scrollTop < nearEnd);
    });
    observer.observe(el);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, []);

  return { box, content, atEnd, toEnd, onScroll };
}
