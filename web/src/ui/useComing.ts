import { useCallback, useEffect, useRef, useState } from 'react';
import { useConn } from '../lib/conn';
import { whyMissing } from '../lib/photos';

export type Coming = 'coming' | 'there' | 'gone' | 'wrong';

/**
 * An image on its way: whether it is there, what became of it where it is not, and another try, by the reader or when
 * the connection is back. `image` goes onto the img, whose key is `attempt`.
 */
export function useComing(src: string) {
  const [state, setState] = useState<Coming>('coming');
  const [faded, setFaded] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const asked = useRef(src);
  // Another picture in the same place: the one before stays until this one is there. What had failed is tried.
  const [last, setLast] = useState(src);
  if (src !== last) {
    setLast(src);
    if (state === 'gone' || state === 'wrong') {
      setState('coming');
      setAttempt(attempt + 1);
    }
  }
  useEffect(() => {
    asked.current = src;
  }, [src]);

  const again = useCallback(() => {
    setState('coming');
    setAttempt((n) => n + 1);
  }, []);
  const online = useConn((conn) => conn.online);
  const [wasOnline, setWasOnline] = useState(online);
  if (online !== wasOnline) {
    setWasOnline(online);
    if (online && state === 'wrong') {
      setState('coming');
      setAttempt(attempt + 1);
    }
  }

  // What the browser still has is there at once, without a fade.
  const ref = useCallback((img: HTMLImageElement | null) => {
    if (!img?.complete || img.naturalWidth === 0) return;
    setState('there');
    setFaded(true);
  }, []);
  const image = {
    ref,
    onLoad: () => setState('there'),
    onError: () => {
      void whyMissing(src).then((why) => {
        if (asked.current === src) setState(why);
      });
    },
  };
  return { state, attempt, image, faded, again, onFaded: () => setFaded(true) };
}
