import { useMutation } from '@tanstack/react-query';
import { Users } from 'lucide-react';
import { api } from '../../lib/api';
import { useT } from '../../lib/i18n';
import { applyRoom } from '../../lib/rooms';
import type { Room } from '../../wire.gen';
import { Wrong } from '../../ui/Wrong';
import { RoomTile } from '../../ui/Avatar';
import { Button } from '../../ui/Button';

/** What somebody sees of a room that they have not joined: what it is, and the way in. What is said there is its members'. */
export function JoinCard({ room }: { room: Room }) {
  const t = useT();
  const join = useMutation({
    mutationFn: () => api.join(room.id),
    onSuccess: (answer) => applyRoom(answer.room, answer.membership),
  });
  return (
    <div className="scrollable grid min-h-0 flex-1 place-items-center px-4 py-8">
      <section
        aria-label={t.room.joinTitle}
        className="flex w-full max-w-[380px] flex-col items-center rounded-l border border-line bg-surface px-6 py-8 text-center shadow-float"
      >
        <RoomTile id={room.id} name={room.name ?? ''} emoji={room.emoji} />
        <h2 className="mt-4 text-title font-strong" dir="auto">
          {room.name}
        </h2>
        {room.topic && (
          <p className="mt-1 text-label text-ink-2" dir="auto">
            {room.topic}
          </p>
        )}
        <p className="mt-3 flex items-center gap-1.5 text-small text-ink-2">
          <Users size={14} strokeWidth={1.75} aria-hidden="true" />
          {t.room.members(room.memberCount)}
        </p>
        <p className="mt-5 text-label">{room.history === 'all' ? t.room.joinHint : t.room.joinHintSince}</p>
        {join.error && <Wrong error={join.error} className="mt-2" />}
        <Button busy={join.isPending} onClick={() => join.mutate()} className="mt-4 w-full">
          {t.act.join}
        </Button>
      </section>
    </div>
  );
}
