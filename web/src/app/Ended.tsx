import { useEffect, useRef } from 'react';
import { useT } from '../lib/i18n';
import { useEnding } from '../lib/session';
import { toast } from '../ui/Toast';

/** Says why somebody is a visitor all of a sudden, wherever they are. The log-in says it by itself. */
export function Ended() {
  const t = useT();
  const reason = useEnding((ending) => ending.reason);
  const said = useRef<typeof reason>(undefined);
  useEffect(() => {
    // Once for each ending: neither another place nor another language says it again.
    if (said.current === reason) return;
    said.current = reason;
    if (!reason) return;
    // A screen that is for members alone is on its way to the log-in, which says it too.
    setTimeout(() => {
      if (location.pathname !== '/login') toast(t.auth.ended[reason]);
    }, 100);
  }, [reason, t]);
  return null;
}
