import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { gistOf, useT } from '../../lib/i18n';
import type { Message } from '../../wire.gen';

interface Props {
  /** The messages at hand, by ascending seq. */
  messages: readonly Message[];
  /** The room's newest message, which may lie beyond those. */
  last: Message | undefined;
  me: string;
  nameOf: (userId: string) => string;
}

/** Messages that come within this time are told together, and more of them than this by their number. */
const together = 400;
const most = 3;

/** Reads new messages by others aloud, once each; the log itself is silent, so nothing is read again. */
export function Announcer({ messages, last, me, nameOf }: Props) {
  const t = useT();
  const heard = useRef<number>(undefined);
  const waiting = useRef(new Map<number, string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Each of them an element of its own: the same words twice are said twice.
  const [said, setSaid] = useState<readonly (readonly [seq: number, words: string])[]>([]);
  const seq = last?.seq;

  const hear = useEffectEvent((from: number) => {
    const known = last && !messages.some((message) => message.seq === last.seq) ? [...messages, last] : messages;
    for (const message of known) {
      if (message.seq <= from || message.kind !== 'message' || message.senderId === me) continue;
      waiting.current.set(message.seq, t.room.said(nameOf(message.senderId ?? ''), gistOf(t, message)));
    }
    if (waiting.current.size > 0) timer.current ??= setTimeout(tell, together);
  });
  const tell = useEffectEvent(() => {
    timer.current = undefined;
    const all = [...waiting.current];
    waiting.current.clear();
    setSaid(all.length <= most ? all : [[all.at(-1)?.[0] ?? 0, t.room.newBelow(all.length)]]);
  });

  useEffect(() => {
    if (seq === undefined) return;
    const from = heard.current;
    heard.current = Math.max(from ?? 0, seq);
    // What was there when they came is in the log.
    if (from !== undefined && seq > from) hear(from);
  }, [seq]);
  useEffect(() => () => clearTimeout(timer.current), []);

  return (
    <div aria-live="polite" aria-relevant="additions" className="sr-only">
      {said.map(([key, words]) => (
        <p key={key}>{words}</p>
      ))}
    </div>
  );
}
