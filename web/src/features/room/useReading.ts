import { useEffect, useRef } from 'react';
import { useConn } from '../../lib/conn';
import { setRead } from '../../lib/rooms';
import { ask } from '../../lib/socket';

/** How long a message is before the eyes until it counts as read, in milliseconds. */
const glance = 200;

/** Marks a room as read up to the message that came into view, where that is further than before. */
export function useReading(roomId: string, seen: number, readSeq: number): void {
  const online = useConn((conn) => conn.online);
  const asked = useRef(0);
  useEffect(() => {
    if (!online) asked.current = 0;
    if (!online || seen <= readSeq || seen <= asked.current) return;
    const timer = setTimeout(() => {
      asked.current = seen;
      ask('room:read', { roomId, seq: seen }).then(
        (answer) => setRead(roomId, answer.readSeq, answer.unread),
        () => (asked.current = 0),
      );
    }, glance);
    return () => clearTimeout(timer);
  }, [online, seen, readSeq, roomId]);
}
