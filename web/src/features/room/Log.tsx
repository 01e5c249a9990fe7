import { ArrowDown, Pencil, Trash2 } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { nameOf, useT, wordError } from '../../lib/i18n';
import { useOutgoing } from '../../lib/live';
import { loadOlder, useTimeline } from '../../lib/messages';
import { useUsers } from '../../lib/users';
import type { Message, MyRoom, Room, User } from '../../wire.gen';
import { MenuAt, MenuItem } from '../../ui/Menu';
import { EmptyState, ErrorState, Skeleton } from '../../ui/States';
import { Announcer } from './Announcer';
import { Bubble } from './Bubble';
import { DayLine, NoticeLine, UnreadLine } from './Notices';
import { rowsOf } from './rows';
import { useReading } from './useReading';
import { nearTop, useScroll } from './useScroll';

interface Props {
  room: Room;
  name: string;
  mine: MyRoom;
  me: User;
  onProfile: (user: User) => void;
  onEdit: (message: Message) => void;
  onDelete: (message: Message) => void;
}

interface Pressed {
  message: Message;
  beside: HTMLElement;
}

/** The conversation. */
export function Log({ room, name, mine, me, onProfile, onEdit, onDelete }: Props) {
  const t = useT();
  const users = useUsers();
  const { data: timeline, error, refetch } = useTimeline(room.id);
  const all = useOutgoing();
  const outgoing = useMemo(() => all.filter((entry) => entry.roomId === room.id), [all, room.id]);
  // Where the reader had been when they came; it stays while they look.
  const [readUpTo] = useState(() => (mine.unread > 0 ? mine.membership.readSeq : undefined));
  const [olderFailed, setOlderFailed] = useState(false);
  const [pressed, setPressed] = useState<Pressed>();

  const messages = timeline?.messages;
  const rows = useMemo(
    () => rowsOf({ messages: messages ?? [], outgoing, me: me.id, readUpTo }),
    [messages, outgoing, me.id, readUpTo],
  );
  const hasOlder = timeline?.hasOlder ?? false;
  const older = useCallback(() => {
    setOlderFailed(false);
    loadOlder(room.id).catch(() => setOlderFailed(true));
  }, [room.id]);

  const last = rows.at(-1);
  const firstLine = rows.find((row) => row.kind !== 'day');
  const { box, content, atEnd, toEnd, onScroll } = useScroll({
    top: firstLine?.key,
    bottom: last?.key,
    own: last?.kind === 'line' && last.own,
    onTop: () => {
      if (hasOlder && !olderFailed) older();
    },
  });
  // A page that does not fill the window, or that begins at its top, cannot be scrolled up: ask for more until it can.
  useEffect(() => {
    const el = box.current;
    if (el && hasOlder && !olderFailed && el.scrollTop < nearTop) older();
  });

  const newest = messages?.at(-1)?.seq ?? 0;
  useReading(room.id, newest, mine.membership.readSeq, atEnd);

  const onMenu = useCallback((message: Message, beside: HTMLElement) => setPressed({ message, beside }), []);
  const mayDeleteAll = mine.membership.role === 'owner' || me.role === 'admin';

  if (!timeline && error) {
    return (
      <ErrorState
        title={t.error.title}
        text={wordError(t, error)}
        action={t.act.retry}
        onAction={() => void refetch()}
      />
    );
  }
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-live="off"
        aria-label={t.room.log(name)}
        aria-busy={timeline === undefined}
        tabIndex={0}
        className="scrollable flex min-h-0 flex-1 flex-col px-3 [overflow-anchor:none] focus-visible:outline-offset-[-2px] desk:px-[22px]"
      >
        <div ref={content} className="mt-auto pt-2 pb-2">
          {timeline === undefined && <Waiting />}
          {olderFailed && (
            <p role="alert" className="py-3 text-center text-note text-danger">
              {t.room.olderFailed}{' '}
              <button
                type="button"
                onClick={older}
                className="min-h-8 rounded-s px-2 font-medium underline underline-offset-4"
              >
                {t.act.retry}
              </button>
            </p>
          )}
          {hasOlder && !olderFailed && <p className="late py-3 text-center text-note text-ink-2">{t.room.older}</p>}
          {timeline && rows.length === 0 && <EmptyState title={t.room.empty} hint={t.room.emptyHint} />}
          {rows.map((row) => {
            switch (row.kind) {
              case 'day':
                return <DayLine key={row.key} at={row.at} />;
              case 'notice':
                return <NoticeLine key={row.key} notice={row} />;
              case 'divider':
                return <UnreadLine key={row.key} />;
              case 'line': {
                const may = row.own || mayDeleteAll;
                return (
                  <Bubble
                    key={row.key}
                    line={row}
                    sender={users[row.senderId ?? '']}
                    onProfile={onProfile}
                    onMenu={may ? onMenu : undefined}
                    menuOpen={pressed !== undefined && pressed.message.seq === row.message?.seq}
                  />
                );
              }
            }
          })}
        </div>
      </div>
      {!atEnd && timeline && (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 flex min-h-10 -translate-x-1/2 items-center gap-2 rounded-full border border-line bg-surface px-4 text-small font-medium shadow-float hovering:hover:bg-sunken touch:min-h-11"
        >
          <ArrowDown size={16} strokeWidth={1.75} />
          {mine.unread > 0 ? t.room.newBelow(mine.unread) : t.room.toLatest}
        </button>
      )}
      <Announcer messages={messages} me={me.id} nameOf={(id) => nameOf(t, users[id])} />
      <MenuAt anchor={pressed?.beside} onClose={() => setPressed(undefined)}>
        {pressed?.message.senderId === me.id && (
          <MenuItem icon={<Pencil size={17} strokeWidth={1.75} />} onClick={() => onEdit(pressed.message)}>
            {t.act.edit}
          </MenuItem>
        )}
        {pressed && (
          <MenuItem danger icon={<Trash2 size={17} strokeWidth={1.75} />} onClick={() => onDelete(pressed.message)}>
            {t.act.delete}
          </MenuItem>
        )}
      </MenuAt>
    </div>
  );
}

const Waiting = () => (
  <div className="flex flex-col gap-3 py-2">
    {['w-3/5', 'w-2/5', 'w-1/2'].map((width) => (
      <Skeleton key={width} className={`h-10 rounded-bubble ${width}`} />
    ))}
  </div>
);
