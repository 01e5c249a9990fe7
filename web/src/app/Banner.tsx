import { useEffect, useState } from 'react';
import { useConn } from '../lib/conn';
import { useT } from '../lib/i18n';

/** Shorter interruptions are nobody's business. */
const patience = 2000;

export function Banner() {
  const t = useT();
  const since = useConn((conn) => conn.since);
  const [shown, setShown] = useState<number>();
  useEffect(() => {
    if (since === undefined) return;
    const timer = setTimeout(() => setShown(since), Math.max(0, since + patience - Date.now()));
    return () => clearTimeout(timer);
  }, [since]);
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 top-[calc(env(safe-area-inset-top)+74px)] z-30 flex justify-center px-4"
    >
      {since !== undefined && shown === since && (
        <p className="flex items-center gap-2.5 rounded-full bg-ink px-4 py-2 text-small text-paper shadow-float">
          <i aria-hidden="true" className="pulse size-2 rounded-full bg-accent" />
          {t.conn.offline}
        </p>
      )}
    </div>
  );
}
