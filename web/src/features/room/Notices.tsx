import { dayName } from '../../lib/formats';
import { nameOf, useLang, useT } from '../../lib/i18n';
import { useUsers } from '../../lib/users';
import type { Notice } from './rows';

export function NoticeLine({ notice }: { notice: Notice }) {
  const t = useT();
  const users = useUsers();
  const [firstId, ...others] = notice.userIds;
  const who = nameOf(t, users[firstId ?? '']);
  const text =
    notice.type === 'created'
      ? t.room.created(who)
      : notice.type === 'joined'
        ? others.length > 0
          ? t.room.joinedMore(who, others.length)
          : t.room.joined(who)
        : others.length > 0
          ? t.room.leftMore(who, others.length)
          : t.room.leftNotice(who);
  return <p className="mt-2.5 text-center text-note text-ink-2">{text}</p>;
}

export function DayLine({ at }: { at: string }) {
  const lang = useLang();
  return (
    <div role="separator" aria-label={dayName(lang, at)} className="mt-4 mb-1 text-center">
      <span className="rounded-full bg-sunken px-3 py-1 text-note text-ink-2">{dayName(lang, at)}</span>
    </div>
  );
}

export function UnreadLine() {
  const t = useT();
  const rule = 'h-px flex-1 bg-accent/35';
  return (
    <div
      role="separator"
      aria-label={t.room.unreadLine}
      data-unread
      className="mt-5 -mb-1 flex items-center gap-3 text-note font-medium text-accent"
    >
      <span className={rule} />
      {t.room.unreadLine}
      <span className={rule} />
    </div>
  );
}
