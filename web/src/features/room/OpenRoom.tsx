import { useCallback } from 'react';
import { nameOf, useT } from '../../lib/i18n';
import { useLayout } from '../../lib/layout';
import { usePrefs } from '../../lib/prefs';
import { useUser } from '../../lib/users';
import type { MyRoom, Room, User } from '../../wire.gen';
import { Bar } from '../../ui/Bar';
import { laterKit } from '../../ui/laterKit';
import { Title } from '../../ui/Title';
import { Conversation } from './Conversation';
import { Back, Header } from './Header';
import { JoinCard } from './JoinCard';
import { Members } from './Members';
import type { RoomScreenProps } from './RoomScreen';

const useGallery = laterKit(() => import('./Gallery'));
const giveUp = () => undefined;

interface Props extends RoomScreenProps {
  room: Room;
  /** Absent where the reader has not joined. */
  mine: MyRoom | undefined;
  me: User;
}

/** A room with its members beside it where there is space, else before it. */
export function OpenRoom({ room, mine, me, members, onProfile }: Props) {
  const t = useT();
  const layout = useLayout();
  const panel = usePrefs((prefs) => prefs.panel);
  const peer = useUser(room.peer?.userId);
  const direct = room.kind === 'direct';
  const name = direct ? nameOf(t, peer) : (room.name ?? '');
  const withMembers = mine !== undefined && !direct;
  const beside = mine !== undefined && layout === 'wide' && panel;
  const before = mine !== undefined && layout !== 'wide' && members;
  // Of two there is nobody to list: their photos alone.
  const panelTitle = direct ? t.photo.gallery : t.members.title(room.memberCount);
  const panelLabel = direct ? t.photo.gallery : t.members.label;
  const gallery = useGallery(beside || before, giveUp);
  const show = useCallback((user: User) => onProfile(user), [onProfile]);

  return (
    <>
      <main id="main" className="relative flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
        <Title>{name}</Title>
        {/* Under the members the conversation stays, and with it the place where its reader was. */}
        <div
          inert={before}
          className={before ? 'invisible absolute inset-0 flex flex-col' : 'flex min-h-0 flex-1 flex-col'}
        >
          <Header room={room} mine={mine} name={name} me={me} withMembers={withMembers} />
          {mine ? (
            <Conversation room={room} mine={mine} name={name} me={me} covered={before} onProfile={show} />
          ) : (
            <JoinCard room={room} />
          )}
        </div>
        {before && (
          <>
            <Bar before={<Back to={`/rooms/${room.id}`} />} title={panelTitle} note={name} />
            <div className="scrollable min-h-0 flex-1 px-2.5 pb-4">
              <h2 className="sr-only">{panelLabel}</h2>
              {withMembers && <Members roomId={room.id} me={me} onProfile={show} />}
              {gallery && <gallery.Gallery roomId={room.id} under={direct ? 'title' : 'members'} />}
            </div>
          </>
        )}
      </main>
      {beside && (
        <aside
          aria-label={panelLabel}
          className="scrollable w-[248px] flex-none border-l border-line bg-paper px-2.5 py-4"
        >
          {withMembers && (
            <>
              <h2 className="px-2.5 pt-1 text-row font-strong">{panelTitle}</h2>
              <Members roomId={room.id} me={me} onProfile={show} />
            </>
          )}
          {gallery && <gallery.Gallery roomId={room.id} under={direct ? 'nothing' : 'members'} />}
        </aside>
      )}
    </>
  );
}
