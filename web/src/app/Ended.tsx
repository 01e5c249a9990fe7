import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';
import { useT } from '../lib/i18n';
import { useEnding } from '../lib/session';
import { toast } from '../ui/Toast';

/** Says why somebody is a visitor all of a sudden, wherever they are. The log-in says it by itself. */
export function Ended() {
  const t = useT();
  const reason = useEnding((ending) => ending.reason);
  const { pathname } = useLocation();
  const elsewhere = pathname !== '/login';
  const said = useRef<typeof reason>(undefined);
  useEffect(() => {
    // Once for each ending: neither another place nor another language says it again.
    if (said.current === reason) return;
    said.current = reason;
    if (reason && elsewhere) toast(t.auth.ended[reason]);
  }, [reason, elsewhere, t]);
  return null;
}
