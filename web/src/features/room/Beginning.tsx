import { useT } from '../../lib/i18n';
import type { MyRoom, Room, User } from '../../wire.gen';
import { Avatar, RoomTile } from '../../ui/Avatar';

interface Props {
  room: Room;
  mine: MyRoom;
  name: string;
  /** With whom a direct room is shared. */
  peer: User | undefined;
  /** Nobody has written anything yet. */
  silent: boolean;
}

/** What stands above the first message: whose room it is, and what to do where nothing was said. */
export function Beginning({ room, mine, name, peer, silent }: Props) {
  const t = useT();
  const later = mine.membership.visibleAfter > 0;
  return (
    <div className="flex flex-col items-center px-6 pt-10 pb-4 text-center">
      {room.kind === 'direct' ? (
        <Avatar id={peer?.id ?? room.id} name={name} photo={peer?.photo} size={64} ground="paper" />
      ) : (
        <RoomTile id={room.id} name={name} emoji={room.emoji} large />
      )}
      <p className="mt-3 text-title font-strong">{later ? t.room.beginSince : t.room.begin}</p>
      {room.topic !== undefined && room.topic !== '' && (
        <p dir="auto" className="mt-1 max-w-[420px] text-label text-ink-2">
          {room.topic}
        </p>
      )}
      {silent && <p className="mt-1 text-label text-ink-2">{t.room.emptyHint}</p>}
    </div>
  );
}
