import { useEffect, useRef, useState } from 'react';
import { gistOf, useT } from '../../lib/i18n';
import type { Message } from '../../wire.gen';

interface Props {
  /** The room's newest message. */
  last: Message | undefined;
  me: string;
  nameOf: (userId: string) => string;
}

/** Reads new messages by others aloud, once each; the log itself is silent, so nothing is read again. */
export function Announcer({ last, me, nameOf }: Props) {
  const t = useT();
  const heard = useRef<number>(undefined);
  const [said, setSaid] = useState('');
  const words =
    last && last.kind === 'message' && last.senderId !== me
      ? t.room.said(nameOf(last.senderId ?? ''), gistOf(t, last))
      : '';
  const seq = last?.seq;
  useEffect(() => {
    if (seq === undefined) return;
    const first = heard.current === undefined;
    const isNew = !first && seq > (heard.current ?? 0);
    heard.current = Math.max(heard.current ?? 0, seq);
    if (!isNew || words === '') return;
    // Messages that come close together are said as one, the last.
    const timer = setTimeout(() => setSaid(words), 150);
    return () => clearTimeout(timer);
  }, [seq, words]);
  return (
    <p aria-live="polite" className="sr-only">
      {said}
    </p>
  );
}
