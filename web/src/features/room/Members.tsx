import { nameOf, useT } from '../../lib/i18n';
import { useMembers } from '../../lib/members';
import { usePresence } from '../../lib/users';
import type { Member, User } from '../../wire.gen';
import { Failed } from '../../ui/Failed';
import { Avatar } from '../../ui/Avatar';
import { Skeleton } from '../../ui/States';

interface Props {
  roomId: string;
  me: User;
  onProfile: (user: User) => void;
}

const rank = (member: Member, me: User): number => (member.role === 'owner' ? 0 : member.user.id === me.id ? 1 : 2);

/** Who is in the room, those who are here now first. */
export function Members({ roomId, me, onProfile }: Props) {
  const t = useT();
  const { data, error, refetch } = useMembers(roomId, true);
  const online = usePresence((presence) => presence.online);
  if (!data && error) {
    return <Failed error={error} onRetry={refetch} />;
  }
  if (!data) {
    return (
      <div className="flex flex-col gap-2 p-2.5">
        {[0, 1, 2].map((n) => (
          <Skeleton key={n} className="h-[34px] w-full" />
        ))}
      </div>
    );
  }
  const sorted = [...data].sort(
    (a, b) => rank(a, me) - rank(b, me) || nameOf(t, a.user).localeCompare(nameOf(t, b.user)),
  );
  const isOnline = ({ user }: Member) => user.id === me.id || (online[user.id] ?? false);
  const here = sorted.filter(isOnline);
  const away = sorted.filter((member) => !isOnline(member));
  const row = (member: Member, present: boolean) => {
    const { user, role } = member;
    const name = nameOf(t, user);
    return (
      <li key={user.id}>
        <button
          type="button"
          onClick={() => onProfile(user)}
          className="flex min-h-[46px] w-full items-center gap-2.5 rounded-m px-2.5 py-1.5 text-left text-row transition-colors duration-120 hovering:hover:bg-sunken active:bg-sunken"
        >
          <Avatar id={user.id} name={name} photo={user.photo} size={34} online={present} ground="paper" />
          <span className="min-w-0 flex-1 truncate" dir="auto">
            {name}
          </span>
          {present && <span className="sr-only">{t.members.isOnline}</span>}
          <span className="flex-none text-note text-ink-2">
            {[role === 'owner' && t.members.owner, user.id === me.id && t.members.me].filter(Boolean).join(' · ')}
          </span>
        </button>
      </li>
    );
  };
  return (
    <>
      <h3 className="px-2.5 pt-3 pb-1.5 text-[12px] font-medium text-ink-2">{t.members.online(here.length)}</h3>
      <ul>{here.map((member) => row(member, true))}</ul>
      {away.length > 0 && (
        <>
          <h3 className="px-2.5 pt-3.5 pb-1.5 text-[12px] font-medium text-ink-2">{t.members.offline(away.length)}</h3>
          <ul>{away.map((member) => row(member, false))}</ul>
        </>
      )}
    </>
  );
}
