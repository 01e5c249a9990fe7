import { useEffect, useEffectEvent, useState } from 'react';
import { useT } from '../lib/i18n';
import { painted } from '../lib/painted';
import { toast } from './Toast';

/**
 * A part of the kit that comes in a chunk of its own once the first screen is painted. Where it is needed and does not come, the
 * reader is told, and whoever needed it gives up: the next time it is asked for again.
 */
export function laterKit<Kit extends object>(load: () => Promise<Kit>) {
  let kit: Kit | undefined;
  return function useKit(needed: boolean, giveUp: () => void): Kit | undefined {
    const t = useT();
    const [loaded, setLoaded] = useState<Kit | undefined>(kit);
    const missing = useEffectEvent(() => {
      if (!needed) return;
      toast(t.error.offline);
      giveUp();
    });
    useEffect(() => {
      if (loaded) return;
      let gone = false;
      (needed ? load() : painted.then(load)).then(
        (now) => {
          kit = now;
          if (!gone) setLoaded(now);
        },
        () => {
          if (!gone) missing();
        },
      );
      return () => {
        gone = true;
      };
    }, [loaded, needed]);
    return loaded;
  };
}
