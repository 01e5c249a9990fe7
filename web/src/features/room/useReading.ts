import { useEffect, useRef, useSyncExternalStore } from 'react';
import { useConn } from '../../lib/conn';
import { setRead } from '../../lib/rooms';
import { ask } from '../../lib/socket';

const subscribe = (changed: () => void) => {
  document.addEventListener('visibilitychange', changed);
  return () => document.removeEventListener('visibilitychange', changed);
};
const visibleNow = () => document.visibilityState === 'visible';

/** Marks a room as read up to a message while that message is before the reader's eyes. */
export function useReading(roomId: string, seq: number, readSeq: number, seen: boolean): void {
  const online = useConn((conn) => conn.online);
  const visible = useSyncExternalStore(subscribe, visibleNow);
  const asked = useRef(0);
  useEffect(() => {
    if (!online) asked.current = 0;
    if (!online || !visible || !seen || seq <= readSeq || seq <= asked.current) return;
    const timer = setTimeout(() => {
      asked.current = seq;
      ask('room:read', { roomId, seq }).then(
        (answer) => setRead(roomId, answer.readSeq, answer.unread),
        () => (asked.current = 0),
      );
    }, 200);
    return () => clearTimeout(timer);
  }, [online, visible, seen, seq, readSeq, roomId]);
}
