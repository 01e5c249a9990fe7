import { ChevronDown } from 'lucide-react';
import { useState } from 'react';
import { dayName } from '../../lib/formats';
import { nameOf, useLang, useT, type Dictionary } from '../../lib/i18n';
import { useUsers } from '../../lib/users';
import type { SystemEvent, User } from '../../wire.gen';
import { cx } from '../../ui/cx';
import type { Notice } from './rows';

type Users = Readonly<Record<string, User>>;

/** One notice in words; of several people who did the same, the first by name and the others by number. */
function wordNotice(t: Dictionary, users: Users, type: SystemEvent['type'], userIds: readonly string[]): string {
  const who = nameOf(t, users[userIds[0] ?? '']);
  const others = userIds.length - 1;
  if (type === 'created') return t.room.created(who);
  if (type === 'joined') return others > 0 ? t.room.joinedMore(who, others) : t.room.joined(who);
  return others > 0 ? t.room.leftMore(who, others) : t.room.leftNotice(who);
}

/** Comings and goings take one line however many they are; pressing it shows each. */
export function NoticeLine({ notice: { events } }: { notice: Notice }) {
  const t = useT();
  const users = useUsers();
  const [open, setOpen] = useState(false);
  const line = 'mt-2.5 text-center text-note text-ink-2';
  const byType = new Map<SystemEvent['type'], string[]>();
  for (const { type, userId } of events) {
    const ids = byType.get(type) ?? [];
    byType.set(type, ids.includes(userId) ? ids : [...ids, userId]);
  }
  const text = [...byType].map(([type, ids]) => wordNotice(t, users, type, ids)).join(' · ');
  if (events.length === 1) return <p className={line}>{text}</p>;
  return (
    <div className={line}>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="inline-flex min-h-7 max-w-full items-center gap-1 rounded-full px-2.5 hovering:hover:bg-sunken touch:min-h-11"
      >
        {text}
        <ChevronDown
          size={14}
          strokeWidth={1.75}
          aria-hidden="true"
          className={cx('flex-none transition-transform duration-150', open && 'rotate-180')}
        />
      </button>
      {open && (
        <ul className="mt-1 leading-6">
          {events.map(({ type, userId }, i) => (
            <li key={i}>{wordNotice(t, users, type, [userId])}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function DayLine({ at }: { at: string }) {
  const lang = useLang();
  return (
    <div role="separator" aria-label={dayName(lang, at)} className="day mt-4 mb-1 text-center">
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
      className="mt-5 -mb-1 flex items-center gap-3 text-note font-medium text-accent"
    >
      <span className={rule} />
      {t.room.unreadLine}
      <span className={rule} />
    </div>
  );
}
