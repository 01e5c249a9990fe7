import { ArrowDown, ArrowUp } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { moment } from '../../lib/formats';
import { nameOf, useLang, useT, wordError } from '../../lib/i18n';
import { useOutgoing } from '../../lib/live';
import {
  cutPast,
  forgetPast,
  loadAround,
  loadNewer,
  loadNewest,
  loadOlder,
  reachesBackTo,
  timelineOf,
  useTimeline,
} from '../../lib/messages';
import { useConn } from '../../lib/conn';
import { useUsers } from '../../lib/users';
import { useVisible } from '../../lib/visible';
import type { Message, MyRoom, Room, User } from '../../wire.gen';
import { Failed } from '../../ui/Failed';
import { Skeleton } from '../../ui/States';
import { laterKit } from '../../ui/laterKit';
import { toast } from '../../ui/Toast';
import { Announcer } from './Announcer';
import { Beginning } from './Beginning';
import { Bubble } from './Bubble';
import type { Pressed } from './MessageMenu';
import { DayLine, NoticeLine, UnreadLine } from './Notices';
import { rowsOf, type Row } from './rows';
import { useReading } from './useReading';
import { useScroll, type Target } from './useScroll';

const useViewer = laterKit(() => import('./Viewer'));
const useMenu = laterKit(() => import('./MessageMenu'));

interface Props {
  room: Room;
  name: string;
  mine: MyRoom;
  me: User;
  /** Something else stands before it. */
  covered: boolean;
  onProfile: (user: User) => void;
  onEdit: (message: Message) => void;
  onDelete: (message: Message) => void;
}

type Edge = 'older' | 'newer';

/** The conversation. */
export function Log({ room, name, mine, me, covered, onProfile, onEdit, onDelete }: Props) {
  const t = useT();
  const users = useUsers();
  // Whoever comes back to a room comes to its present, not to the part of its past that they had scrolled to.
  useState(() => forgetPast(room.id));
  const { data: timeline, error, refetch } = useTimeline(room.id);
  const all = useOutgoing();
  const outgoing = useMemo(() => all.filter((entry) => entry.roomId === room.id), [all, room.id]);
  const visible = useVisible() && !covered;
  // Where the reader had been when they came or looked away; it stays while they look.
  const [readUpTo, setReadUpTo] = useState(() => (mine.unread > 0 ? mine.membership.readSeq : undefined));
  const { readSeq } = mine.membership;
  if (!visible && mine.unread > 0 && readUpTo !== readSeq) setReadUpTo(readSeq);
  const [skipped, setSkipped] = useState(false);
  const [failed, setFailed] = useState<Edge>();
  const [pressed, setPressed] = useState<Pressed>();
  const [looking, setLooking] = useState<{ seq: number; index: number; back?: HTMLElement | undefined }>();
  const lang = useLang();

  const messages = timeline?.messages;
  const hasOlder = timeline?.hasOlder ?? false;
  const hasNewer = timeline?.hasNewer ?? false;
  const rows = useMemo(
    () => rowsOf({ messages: messages ?? [], outgoing, me: me.id, readUpTo, hasOlder }),
    [messages, outgoing, me.id, readUpTo, hasOlder],
  );
  const load = useCallback((edge: Edge, page: Promise<void>) => {
    setFailed(undefined);
    page.catch(() => setFailed(edge));
  }, []);
  const onTop = useCallback(
    (far: number) => {
      if (hasOlder && failed === undefined) load('older', loadOlder(room.id, far));
    },
    [hasOlder, failed, load, room.id],
  );
  const onBottom = useCallback(
    (far: number) => {
      if (hasNewer && failed === undefined) load('newer', loadNewer(room.id, far));
      else if (!hasNewer) cutPast(room.id, far);
    },
    [hasNewer, failed, load, room.id],
  );
  const last = rows.at(-1);
  const own = last?.kind === 'line' && last.own ? last.key : undefined;
  const {
    box,
    content,
    view: seen,
    go,
    giveUp,
    onScroll,
  } = useScroll({
    rows,
    live: !hasNewer,
    visible,
    unread: mine.unread > 0,
    own,
    onTop,
    onBottom,
  });

  const goTo = (target: Target) => {
    setSkipped(target === 'end');
    go(target);
    const present = timelineOf(room.id);
    const there = target === 'end' ? !hasNewer : present === undefined || reachesBackTo(present, readUpTo ?? 0);
    if (there) return;
    const moving = target === 'end' ? loadNewest(room.id) : loadAround(room.id, readUpTo ?? 0);
    moving.catch((failure: unknown) => {
      giveUp();
      toast(wordError(t, failure));
    });
  };

  // What is written goes to the present, and so does its writer. What failed waits there, wherever they look.
  const online = useConn((conn) => conn.online);
  const writing = outgoing.some(({ state }) => state !== 'failed');
  useEffect(() => {
    // Without the live connection too: what is sent then goes by plain requests.
    if (writing && hasNewer) loadNewest(room.id).catch(() => undefined);
  }, [writing, hasNewer, online, room.id]);

  const newest = messages?.at(-1)?.seq ?? 0;
  useReading(room.id, seen.atEnd && visible && timeline ? Math.max(newest, seen.seen) : seen.seen, readSeq);

  const onView = useCallback(
    (message: Message, index: number, back: HTMLElement) => setLooking({ seq: message.seq, index, back }),
    [],
  );
  // As the message is now: one that is deleted meanwhile is gone.
  const looked = looking && messages?.find(({ seq }) => seq === looking.seq);
  const view = looking &&
    looked?.images && {
      items: looked.images.map((image) => ({
        image,
        who: nameOf(t, users[looked.senderId ?? '']),
        when: moment(lang, looked.sentAt ?? ''),
        caption: looked.text,
      })),
      index: looking.index,
      back: looking.back,
    };
  const viewer = useViewer(looking !== undefined, () => setLooking(undefined));
  const menu = useMenu(pressed !== undefined, () => setPressed(undefined));
  const onMenu = useCallback((message: Message, beside: HTMLElement) => setPressed({ message, beside }), []);

  if (!timeline && error) return <Failed error={error} onRetry={refetch} />;
  const row = (one: Row) => {
    switch (one.kind) {
      case 'day':
        return <DayLine at={one.at} />;
      case 'notice':
        return <NoticeLine notice={one} />;
      case 'divider':
        return <UnreadLine />;
      case 'line':
        return (
          <Bubble
            line={one}
            sender={users[one.senderId ?? '']}
            onProfile={onProfile}
            onMenu={onMenu}
            onView={onView}
            menuOpen={pressed !== undefined && pressed.message.seq === one.message?.seq}
          />
        );
    }
  };
  const missedDivider = readUpTo !== undefined && skipped && (seen.pastDivider || (messages?.[0]?.seq ?? 0) > readUpTo);
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
          {hasOlder && (
            <Beyond text={t.room.older} failed={failed === 'older'} onRetry={() => load('older', loadOlder(room.id))} />
          )}
          {timeline && !hasOlder && (
            <Beginning
              room={room}
              mine={mine}
              name={name}
              peer={users[room.peer?.userId ?? '']}
              silent={!hasNewer && !rows.some(({ kind }) => kind === 'line')}
            />
          )}
          {rows.map((one) => (
            <div key={one.key} data-row={one.key} data-seq={seqOf(one)}>
              {row(one)}
            </div>
          ))}
          {hasNewer && (
            <Beyond text={t.room.newer} failed={failed === 'newer'} onRetry={() => load('newer', loadNewer(room.id))} />
          )}
        </div>
      </div>
      {missedDivider && (
        <Jump up onClick={() => goTo('divider')}>
          {t.room.toUnread}
        </Jump>
      )}
      {!seen.atEnd && timeline && (
        <Jump onClick={() => goTo('end')}>{mine.unread > 0 ? t.room.newBelow(mine.unread) : t.room.toLatest}</Jump>
      )}
      <Announcer messages={messages ?? []} last={mine.last} me={me.id} nameOf={(id) => nameOf(t, users[id])} />
      {viewer && (
        <viewer.Viewer
          view={view}
          gone={looked?.kind === 'deleted'}
          onView={(next) => setLooking(looking && next && { ...looking, index: next.index })}
        />
      )}
      {menu && (
        <menu.MessageMenu
          pressed={pressed}
          me={me}
          owner={mine.membership.role === 'owner'}
          onView={onView}
          onEdit={onEdit}
          onDelete={onDelete}
          onClose={() => setPressed(undefined)}
        />
      )}
    </div>
  );
}

function seqOf(row: Row): number | undefined {
  if (row.kind === 'notice') return row.seq;
  return row.kind === 'line' ? row.message?.seq : undefined;
}

/** What is said where more of the conversation is on its way, or did not come. */
function Beyond({ text, failed, onRetry }: { text: string; failed: boolean; onRetry: () => void }) {
  const t = useT();
  if (!failed) return <p className="late py-3 text-center text-note text-ink-2">{text}</p>;
  return (
    <p role="alert" className="py-3 text-center text-note text-danger">
      {t.room.pageFailed}{' '}
      <button
        type="button"
        onClick={onRetry}
        className="min-h-8 rounded-s px-2 font-medium underline underline-offset-4 touch:min-h-11"
      >
        {t.act.retry}
      </button>
    </p>
  );
}

function Jump({ up = false, onClick, children }: { up?: boolean; onClick: () => void; children: string }) {
  const Icon = up ? ArrowUp : ArrowDown;
  return (
    <button
      type="button"
      onClick={onClick}
      className={`absolute ${up ? 'top-3' : 'bottom-3'} left-1/2 flex min-h-10 -translate-x-1/2 items-center gap-2 rounded-full border border-line bg-surface px-4 text-small font-medium whitespace-nowrap shadow-float hovering:hover:bg-sunken touch:min-h-11`}
    >
      <Icon size={16} strokeWidth={1.75} />
      {children}
    </button>
  );
}

const Waiting = () => (
  <div className="flex flex-col gap-3 py-2">
    {['w-3/5', 'w-2/5', 'w-1/2'].map((width) => (
      <Skeleton key={width} className={`h-10 rounded-bubble ${width}`} />
    ))}
  </div>
);
