import { LayoutGrid, Plus, Users } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { arrive } from '../../lib/arrivals';
import { useT } from '../../lib/i18n';
import { useLobby } from '../../lib/lobby';
import { useMyRooms } from '../../lib/rooms';
import { useMe } from '../../lib/session';
import type { Room } from '../../wire.gen';
import { Failed } from '../../ui/Failed';
import { RoomTile } from '../../ui/Avatar';
import { Bar } from '../../ui/Bar';
import { Button, buttonClass } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { EmptyState, Skeleton } from '../../ui/States';

/** Every public room, by category. `menu` is what a visitor with a phone has beside the doors. */
export function Lobby({ onCreate, menu }: { onCreate: () => void; menu: ReactNode }) {
  const t = useT();
  const me = useMe();
  const { data, error, refetch } = useLobby();
  const mine = useMyRooms(me !== null).data;
  const joined = new Set(mine?.map(({ room }) => room.id));
  const [chosen, setChosen] = useState<string>();

  const categories = (data ?? []).filter((category) => category.rooms.length > 0);
  const total = categories.reduce((sum, category) => sum + category.rooms.length, 0);
  // A category that emptied meanwhile is no longer a choice.
  const current = categories.some((category) => category.id === chosen) ? chosen : undefined;
  const shown = current === undefined ? categories : categories.filter((category) => category.id === current);

  return (
    <main id="main" className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
      <Bar before={<span className="w-1 desk:hidden" />} title={t.lobby.title} note={data && t.lobby.count(total)}>
        {me ? (
          <Button onClick={onCreate} icon={<Plus size={18} strokeWidth={1.75} />} className="mr-2 desk:mr-0">
            {t.nav.newRoom}
          </Button>
        ) : (
          <span className="flex items-center gap-1 desk:hidden">
            {menu}
            <Link to="/login" className={buttonClass('plain')}>
              {t.act.logIn}
            </Link>
          </span>
        )}
      </Bar>
      <div className="scrollable min-h-0 flex-1">
        <div className="px-4 py-[18px] desk:px-[26px]">
          {!me && (
            <section className="mb-5 flex flex-wrap items-center justify-between gap-x-6 gap-y-3.5 rounded-l border border-line bg-accent-tint p-5 text-accent-ink">
              <div>
                <h2 className="text-title font-strong">{t.lobby.welcome}</h2>
                <p className="mt-0.5 text-label">{t.lobby.welcomeHint}</p>
              </div>
              <Link to="/signup" className={buttonClass('primary')}>
                {t.act.signUp}
              </Link>
            </section>
          )}
          {!data && error && <Failed error={error} onRetry={refetch} />}
          {!data && !error && <Waiting />}
          {data && total === 0 && (
            <EmptyState
              icon={<LayoutGrid size={24} strokeWidth={1.75} />}
              title={t.lobby.empty}
              hint={me ? t.lobby.emptyHint : t.lobby.emptyVisitor}
            >
              {me && <Button onClick={onCreate}>{t.nav.newRoom}</Button>}
            </EmptyState>
          )}
          {total > 0 && (
            <div
              role="group"
              aria-label={t.lobby.filter}
              className="-mx-4 mb-2 flex gap-2 overflow-x-auto px-4 py-0.5 desk:mx-0 desk:flex-wrap desk:px-0"
            >
              <Chip on={current === undefined} onClick={() => setChosen(undefined)}>
                {t.lobby.all} <span className="tabular">{total}</span>
              </Chip>
              {categories.map((category) => (
                <Chip key={category.id} on={current === category.id} onClick={() => setChosen(category.id)}>
                  {category.name} <span className="tabular">{category.rooms.length}</span>
                </Chip>
              ))}
            </div>
          )}
          {shown.map((category) => (
            <section key={category.id} aria-labelledby={`category-${category.id}`}>
              <h2 id={`category-${category.id}`} dir="auto" className="mx-0.5 mt-5 mb-2.5 text-body font-strong">
                {category.name}
              </h2>
              <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(270px,100%),1fr))] gap-3.5">
                {category.rooms.map((room) => (
                  <li key={room.id} className="min-w-0">
                    <Card room={room} joined={joined.has(room.id)} />
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      </div>
    </main>
  );
}

function Card({ room, joined }: { room: Room; joined: boolean }) {
  const t = useT();
  return (
    <Link
      to={`/rooms/${room.id}`}
      className="flex h-full gap-3.5 rounded-l border border-line bg-surface p-4 transition-[border-color,box-shadow] duration-120 hovering:hover:border-ink-3 hovering:hover:shadow-float active:bg-sunken"
    >
      <RoomTile id={room.id} name={room.name ?? ''} emoji={room.emoji} />
      <span className="block min-w-0 flex-1">
        <b className="line-clamp-2 font-medium" dir="auto">
          {room.name}
        </b>
        <span className="mt-px mb-2 line-clamp-2 text-label text-ink-2" dir="auto">
          {room.topic}
        </span>
        <span className="flex items-center gap-[5px] text-note text-ink-2">
          <Users size={14} strokeWidth={1.75} aria-hidden="true" />
          {t.lobby.members(room.memberCount)}
          {joined && <span className="font-medium text-accent"> · {t.lobby.joined}</span>}
        </span>
      </span>
    </Link>
  );
}

const Waiting = () => (
  <div className="grid grid-cols-[repeat(auto-fill,minmax(min(270px,100%),1fr))] gap-3.5">
    {[0, 1, 2, 3, 4, 5].map((n) => (
      <Skeleton key={n} className="h-[106px] w-full rounded-l" />
    ))}
  </div>
);

arrive('Lobby', Lobby);
