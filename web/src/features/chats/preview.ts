import type { Dictionary } from '../../lib/i18n';
import { gistOf, nameOf } from '../../lib/i18n';
import type { MyRoom, User } from '../../wire.gen';

/** The line under a room's name. */
export function previewOf(t: Dictionary, mine: MyRoom, users: Readonly<Record<string, User>>, me: string): string {
  const { last, room } = mine;
  if (!last) return room.topic ?? t.chats.none;
  if (last.kind === 'system' && last.event) {
    const who = nameOf(t, users[last.event.userId]);
    if (last.event.type === 'joined') return t.room.joined(who);
    if (last.event.type === 'left') return t.room.leftNotice(who);
    return t.room.created(who);
  }
  if (last.kind !== 'message') return t.room.deleted;
  const text = gistOf(t, last);
  if (last.senderId === me) return t.chats.mine(text);
  return room.kind === 'direct' ? text : t.chats.by(nameOf(t, users[last.senderId ?? '']), text);
}
