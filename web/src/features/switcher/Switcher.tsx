import { useId, useState } from 'react';
import { nameOf, useT, wordError } from '../../lib/i18n';
import { useLobby } from '../../lib/lobby';
import { useOpenDirect, usePeople } from '../../lib/people';
import { stirredAt, useMyRooms } from '../../lib/rooms';
import { useNavigate } from '../../lib/route';
import { matches, useSettled } from '../../lib/search';
import { usePresence, useUser, useUsers } from '../../lib/users';
import type { Room, User } from '../../wire.gen';
import { Avatar, RoomTile } from '../../ui/Avatar';
import { Dialog } from '../../ui/Dialog';
import { SearchField } from '../../ui/SearchField';
import { cx } from '../../ui/cx';

/** At most so many of each kind: whoever sees no end types another letter. */
const most = 6;

type Find = { key: string; name: string } & ({ room: Room; joined: boolean } | { user: User });

/** Goes to any room or person by a few letters of the name. */
export function Switcher({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  // Opened anew while it is still closing, it begins anew.
  const [was, setWas] = useState(open);
  const [turn, setTurn] = useState(0);
  if (open !== was) {
    setWas(open);
    if (open) setTurn(turn + 1);
  }
  return (
    <Dialog open={open} onClose={onClose} title={t.switcher.title} high>
      <Finder key={turn} onClose={onClose} />
    </Dialog>
  );
}

/** One's own rooms and people first, then what else there is. */
function useFinds(query: string): { finds: Find[]; error: unknown } {
  const t = useT();
  const users = useUsers();
  const mine = [...(useMyRooms().data ?? [])].sort((a, b) => (stirredAt(a) < stirredAt(b) ? 1 : -1));
  const open = useLobby().data?.flatMap(({ rooms }) => rooms) ?? [];
  const people = usePeople(useSettled(query));
  const joined = new Set(mine.map(({ room }) => room.id));
  const own: Find[] = mine.map(({ room }) => {
    const peer = users[room.peer?.userId ?? ''];
    return { key: room.id, name: room.kind === 'direct' ? nameOf(t, peer) : (room.name ?? ''), room, joined: true };
  });
  const found = own.filter(({ name }) => matches(name, query)).slice(0, query === '' ? most * 2 : most);
  if (query === '') return { finds: found, error: null };
  const others: Find[] = open
    .filter((room) => !joined.has(room.id) && matches(room.name ?? '', query))
    .map((room) => ({ key: room.id, name: room.name ?? '', room, joined: false }));
  const peers = new Set(mine.map(({ room }) => room.peer?.userId));
  const strangers: Find[] = (people.data ?? [])
    .filter((user) => !peers.has(user.id) && matches(user.name, query))
    .map((user) => ({ key: user.id, name: user.name, user }));
  return { finds: [...found, ...others.slice(0, most), ...strangers.slice(0, most)], error: people.error };
}

function Finder({ onClose }: { onClose: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const list = useId();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const { finds, error } = useFinds(query.trim());
  const direct = useOpenDirect(onClose);
  const at = Math.min(chosen, finds.length - 1);
  const take = (find: Find | undefined) => {
    if (!find || direct.isPending) return;
    if ('user' in find) {
      direct.mutate(find.user.id);
      return;
    }
    onClose();
    navigate(`/rooms/${find.room.id}`);
  };
  const problem = direct.error ?? error;
  return (
    <div className="mt-4">
      <SearchField
        label={t.switcher.label}
        clear={t.act.clear}
        maxLength={40}
        role="combobox"
        aria-expanded={finds.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={finds[at] ? `${list}-${at}` : undefined}
        onQuery={(text) => {
          setQuery(text);
          setChosen(0);
        }}
        onEnter={() => take(finds[at])}
        onKey={(event) => {
          const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
          if (step === 0 || finds.length === 0) return;
          event.preventDefault();
          setChosen((at + step + finds.length) % finds.length);
        }}
      />
      <div
        id={list}
        role="listbox"
        aria-label={t.switcher.title}
        className="scrollable -mx-2 mt-3 h-[45dvh] desk:h-auto desk:max-h-[416px] px-0.5"
      >
        {finds.map((find, i) => (
          <button
            key={find.key}
            id={`${list}-${i}`}
            type="button"
            role="option"
            aria-selected={i === at}
            // The field keeps the focus: the keys are its, the mouse is the row's.
            tabIndex={-1}
            onPointerDown={(event) => event.preventDefault()}
            onPointerMove={() => setChosen(i)}
            onClick={() => take(find)}
            ref={(el) => {
              if (i === at) el?.scrollIntoView({ block: 'nearest' });
            }}
            className={cx(
              'flex min-h-[52px] w-full items-center gap-3 rounded-m px-2 py-1.5 text-left',
              i === at && 'bg-sunken',
            )}
          >
            <Face find={find} />
            <span className="min-w-0 flex-1 truncate text-row font-medium" dir="auto">
              {find.name}
            </span>
            <span className="flex-none text-note text-ink-2">
              {'user' in find ? t.switcher.person : find.joined ? '' : t.switcher.open}
            </span>
          </button>
        ))}
      </div>
      <p role="status" className="mt-2 min-h-[1.5em] text-small text-ink-2">
        {problem ? wordError(t, problem) : finds.length === 0 && query.trim() !== '' ? t.switcher.nothing : ''}
      </p>
    </div>
  );
}

function Face({ find }: { find: Find }) {
  const id = 'user' in find ? find.user.id : find.room.peer?.userId;
  const online = usePresence((presence) => presence.online[id ?? ''] ?? false);
  const user = useUser(id);
  if (id !== undefined)
    return <Avatar id={id} name={find.name} photo={user?.photo} size={40} online={online} ground="surface" />;
  return 'room' in find ? <RoomTile id={find.room.id} name={find.name} emoji={find.room.emoji} /> : null;
}
