import { UserSearch } from 'lucide-react';
import { useState } from 'react';
import { arrive } from '../../lib/arrivals';
import { nameOf, useT } from '../../lib/i18n';
import { usePeople } from '../../lib/people';
import { stirredAt, useMyRooms } from '../../lib/rooms';
import { useSettled } from '../../lib/search';
import { usePresence, useUsers } from '../../lib/users';
import type { User } from '../../wire.gen';
import { Failed } from '../../ui/Failed';
import { Avatar } from '../../ui/Avatar';
import { Bar } from '../../ui/Bar';
import { SearchField } from '../../ui/SearchField';
import { EmptyState, Skeleton } from '../../ui/States';
import { Title } from '../../ui/Title';

/** Everybody on this server, by name; before anything is typed, those one has written with. */
export function People({ onProfile }: { onProfile: (user: User) => void }) {
  const t = useT();
  const [typed, setTyped] = useState('');
  const query = useSettled(typed.trim());
  const recent = useRecent();
  return (
    <main id="main" className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
      <Title>{t.people.title}</Title>
      <Bar before={<span className="w-1 desk:hidden" />} title={t.people.title} note={t.people.note} />
      <div className="scrollable flex min-h-0 flex-1 flex-col">
        <div className="mx-auto flex w-full max-w-[640px] flex-1 flex-col px-4 py-[18px]">
          <SearchField label={t.people.search} clear={t.act.clear} maxLength={20} onQuery={setTyped} />
          {query !== '' ? (
            <Found query={query} onProfile={onProfile} />
          ) : recent.length > 0 ? (
            <section aria-labelledby="recent-people" className="mt-5">
              <h2 id="recent-people" className="px-2.5 pb-1.5 text-[12px] font-medium text-ink-2">
                {t.people.recent}
              </h2>
              <List users={recent} onProfile={onProfile} />
            </section>
          ) : (
            <EmptyState
              icon={<UserSearch size={24} strokeWidth={1.75} />}
              title={t.people.empty}
              hint={t.people.emptyHint}
            />
          )}
        </div>
      </div>
    </main>
  );
}

/** Those one has a direct room with, the latest first. */
function useRecent(): User[] {
  const users = useUsers();
  return [...(useMyRooms().data ?? [])]
    .sort((a, b) => (stirredAt(a) < stirredAt(b) ? 1 : -1))
    .map(({ room }) => users[room.peer?.userId ?? ''])
    .filter((user): user is User => user !== undefined && !user.deleted);
}

function Found({ query, onProfile }: { query: string; onProfile: (user: User) => void }) {
  const t = useT();
  const { data, error, refetch, isPlaceholderData } = usePeople(query);
  if (error && !data) {
    return <Failed error={error} onRetry={refetch} />;
  }
  if (!data) {
    return (
      <div className="mt-5 flex flex-col gap-2">
        {[0, 1, 2].map((n) => (
          <Skeleton key={n} className="h-[52px] w-full" />
        ))}
      </div>
    );
  }
  return (
    <div className="mt-5 flex flex-1 flex-col" aria-busy={isPlaceholderData}>
      <p role="status" className="sr-only">
        {isPlaceholderData ? '' : t.people.found(data.length)}
      </p>
      {data.length === 0 && !isPlaceholderData ? (
        <EmptyState
          icon={<UserSearch size={24} strokeWidth={1.75} />}
          title={t.people.nobody(query)}
          hint={t.people.nobodyHint}
        />
      ) : (
        <List users={data} onProfile={onProfile} />
      )}
    </div>
  );
}

function List({ users, onProfile }: { users: readonly User[]; onProfile: (user: User) => void }) {
  const t = useT();
  const online = usePresence((presence) => presence.online);
  return (
    <ul>
      {users.map((user) => {
        const present = online[user.id] ?? false;
        return (
          <li key={user.id}>
            <button
              type="button"
              onClick={() => onProfile(user)}
              className="flex min-h-[58px] w-full items-center gap-3 rounded-m px-2.5 py-2 text-left transition-colors duration-120 hovering:hover:bg-sunken active:bg-sunken"
            >
              <Avatar
                id={user.id}
                name={nameOf(t, user)}
                photo={user.photo}
                size={40}
                online={present}
                ground="paper"
              />
              <span className="min-w-0 flex-1 truncate text-row font-medium" dir="auto">
                {nameOf(t, user)}
              </span>
              {present && <span className="sr-only">{t.members.isOnline}</span>}
              {user.role === 'admin' && <span className="flex-none text-note text-ink-2">{t.user.admin}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

arrive('People', People);
