import { useMutation } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { useT, wordError } from '../../lib/i18n';
import { applyRoom } from '../../lib/rooms';
import { Button } from '../../ui/Button';

/** Stands where a member has the composer. */
export function JoinCard({ roomId }: { roomId: string }) {
  const t = useT();
  const join = useMutation({
    mutationFn: () => api.join(roomId),
    onSuccess: ({ room, membership }) => applyRoom(room, membership),
  });
  return (
    <section
      aria-label={t.room.joinTitle}
      className="mx-2.5 mt-2 mb-[max(10px,env(safe-area-inset-bottom))] flex flex-none flex-wrap items-center gap-x-4 gap-y-3 rounded-l border border-line bg-surface p-4 shadow-float desk:mx-[18px] desk:mb-[18px]"
    >
      <div className="min-w-[200px] flex-1">
        <h2 className="font-medium">{t.room.joinTitle}</h2>
        <p className="text-small text-ink-2">{t.room.joinHint}</p>
        {join.error && (
          <p role="alert" className="mt-1 text-small text-danger">
            {wordError(t, join.error)}
          </p>
        )}
      </div>
      <Button busy={join.isPending} onClick={() => join.mutate()} className="flex-1 desk:flex-none">
        {t.act.join}
      </Button>
    </section>
  );
}
