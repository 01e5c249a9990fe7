import { nameOf, useT } from '../../lib/i18n';
import { useTyping } from '../../lib/typing';
import { useUsers } from '../../lib/users';

/** Its place is always kept, so that coming and going moves nothing. */
export function TypingLine({ roomId }: { roomId: string }) {
  const t = useT();
  const users = useUsers();
  const typists = useTyping((typing) => typing.rooms[roomId]);
  const names = Object.keys(typists ?? {}).map((id) => nameOf(t, users[id]));
  return (
    <div role="status" className="flex h-7 flex-none items-center gap-1 px-4 pb-1.5 text-note text-ink-2 desk:px-6">
      {names.length > 0 && (
        <>
          {[0, 160, 320].map((delay) => (
            <i key={delay} style={{ animationDelay: `${delay}ms` }} className="dot size-[5px] rounded-full bg-ink-3" />
          ))}
          <span className="ml-1.5 truncate">{t.room.typing(names)}</span>
        </>
      )}
    </div>
  );
}
