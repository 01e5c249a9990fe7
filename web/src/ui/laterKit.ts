import { useEffect, useState } from 'react';

/** A part of the kit that is loaded once the page is there, and at once when it is needed. */
export function laterKit<Kit extends object>(load: () => Promise<Kit>): () => Kit | undefined {
  let kit: Kit | undefined;
  return function useKit() {
    const [loaded, setLoaded] = useState<Kit | undefined>(kit);
    useEffect(() => {
      if (loaded) return;
      let gone = false;
      load().then(
        (now) => {
          kit = now;
          if (!gone) setLoaded(now);
        },
        // Offline before it came: the next component that needs it asks again.
        () => undefined,
      );
      return () => {
        gone = true;
      };
    }, [loaded]);
    return loaded;
  };
}
