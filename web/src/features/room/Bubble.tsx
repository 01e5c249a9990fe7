import { memo, useState } from 'react';
import { clock } from '../../lib/formats';
import { nameOf, useLang, useT } from '../../lib/i18n';
import { outbox } from '../../lib/live';
import { pictureOf, type Picture } from '../../lib/picture';
import { urlOf, useProgress } from '../../lib/photos';
import type { Outgoing } from '../../lib/outgoing';
import { useStill } from '../../lib/layout';
import type { Message, User } from '../../wire.gen';
import { Avatar } from '../../ui/Avatar';
import { cx } from '../../ui/cx';
import { LongPress } from './LongPress';
import { Pictures } from './Pictures';
import type { Line } from './rows';
import { Prose } from './Prose';

interface Props {
  line: Line;
  sender: User | undefined;
  onProfile: (user: User) => void;
  /** Opens the menu of a message beside an element; absent where the reader may do nothing with it. */
  onMenu?: ((message: Message, beside: HTMLElement) => void) | undefined;
  /** Looks at one of a message's pictures. */
  onView?: ((message: Message, index: number, from: HTMLElement) => void) | undefined;
  menuOpen: boolean;
}

export const Bubble = memo(function Bubble({ line, sender, onProfile, onMenu, onView, menuOpen }: Props) {
  const t = useT();
  const { own, first, message, outgoing } = line;
  const deleted = message?.kind === 'deleted';
  const failed = outgoing?.state === 'failed';
  const text = message?.text ?? outgoing?.text ?? '';
  const name = nameOf(t, sender);
  const may = message !== undefined && !deleted && onMenu !== undefined;
  const pictures = usePictures(message, outgoing);
  const bubbled = deleted || text !== '' || !pictures;
  const [press] = useState(() => new LongPress());
  const open = (from: Element) => {
    const button = from.closest('article')?.querySelector<HTMLElement>('[aria-haspopup]');
    if (message && button) onMenu?.(message, button);
  };

  return (
    <article
      className={cx(
        'group/line flex gap-2.5 desk:max-w-[82%]',
        // Pictures know how wide they may be.
        pictures ? 'max-w-full' : 'max-w-[92%]',
        own ? 'ml-auto justify-end' : 'mr-auto',
        first ? 'mt-4' : 'mt-1',
      )}
    >
      {!own && (
        <span className="w-[38px] flex-none">
          {first && sender && (
            <button
              type="button"
              tabIndex={-1}
              aria-hidden="true"
              onClick={() => onProfile(sender)}
              className="relative block rounded-[38%] touch:after:absolute touch:after:-inset-[3px]"
            >
              <Avatar id={sender.id} name={name} photo={sender.photo} size={38} ground="paper" />
            </button>
          )}
        </span>
      )}
      <div className={cx('flex min-w-0 flex-col', own && 'items-end')}>
        {first && !own && (
          <button
            type="button"
            onClick={() => sender && onProfile(sender)}
            dir="auto"
            className="mb-[3px] w-fit max-w-full truncate rounded-[4px] text-left text-small leading-[1.5] font-medium hovering:hover:underline"
          >
            {name}
          </button>
        )}
        {pictures && (
          <div className={cx('flex items-end gap-[7px]', own && 'flex-row-reverse')}>
            <div {...(may ? press.handlers(open) : {})} className={cx(may && withoutCallout)}>
              <Pictures
                pictures={pictures}
                who={name}
                onOpen={message && onView && ((index, from) => onView(message, index, from))}
                onCancel={outgoing && !failed ? () => outbox.cancel(outgoing.clientId) : undefined}
              />
            </div>
            {!bubbled && <Meta line={line} />}
            {!bubbled && may && <MenuButton open={menuOpen} onOpen={open} />}
          </div>
        )}
        {bubbled && (
          <div className={cx('flex items-end gap-[7px]', own && 'flex-row-reverse', pictures && 'mt-1')}>
            <div
              {...(may ? press.handlers(open) : {})}
              dir="auto"
              className={cx(
                'max-w-[520px] min-w-0 border px-[13px] py-2 whitespace-pre-wrap',
                may && withoutCallout,
                deleted
                  ? 'border-line border-dashed text-ink-2'
                  : own
                    ? cx('bg-accent-tint text-own-ink', failed ? 'border-danger' : 'border-transparent')
                    : 'border-line bg-surface',
                'rounded-bubble',
                first && !pictures && (own ? 'rounded-tr-tail' : 'rounded-tl-tail'),
              )}
            >
              {deleted ? t.room.deleted : <Prose text={text} />}
            </div>
            <Meta line={line} />
            {may && <MenuButton open={menuOpen} onOpen={open} />}
          </div>
        )}
        {failed && (
          <div role="alert" className="mt-1 flex flex-col items-end text-right text-note text-danger">
            <span>
              {t.room.failed}. {outgoing.reason && t.error[outgoing.reason]}
            </span>
            <span className="flex">
              <button type="button" className={failedAction} onClick={() => outbox.retry(outgoing.clientId)}>
                {t.act.resend}
              </button>
              {outgoing.photos?.some(({ reason }) => reason !== undefined) && (
                <button type="button" className={failedAction} onClick={() => outbox.leaveOut(outgoing.clientId)}>
                  {t.photo.leaveOut}
                </button>
              )}
              <button type="button" className={failedAction} onClick={() => outbox.discard(outgoing.clientId)}>
                {t.act.discard}
              </button>
            </span>
          </div>
        )}
      </div>
    </article>
  );
});

const withoutCallout = 'touch:select-none touch:[-webkit-touch-callout:none]';

function MenuButton({ open, onOpen }: { open: boolean; onOpen: (from: Element) => void }) {
  const t = useT();
  return (
    <button
      type="button"
      aria-label={t.room.messageMenu}
      aria-haspopup="menu"
      aria-expanded={open}
      onClick={(event) => onOpen(event.currentTarget)}
      className={cx(
        'grid size-7 flex-none place-items-center self-center rounded-s text-ink-2 transition-opacity duration-120 hovering:hover:bg-sunken hovering:hover:text-ink focus-visible:opacity-100 touch:sr-only',
        open ? 'opacity-100' : 'opacity-0 group-hover/line:opacity-100',
      )}
    >
      <i className="dots" />
    </button>
  );
}

/** The pictures of a message, as the server has them or as they are on their way; undefined where there are none. */
function usePictures(message: Message | undefined, outgoing: Outgoing | undefined): Picture[] | undefined {
  const still = useStill();
  const photos = outgoing?.photos;
  // One text for all of them: rows without photos are never drawn for others' progress.
  const come = useProgress((all) => photos?.map(({ key }) => all[key]?.toFixed(2) ?? '').join());
  if (message?.images) return message.images.map((image) => pictureOf(image, still));
  if (!photos) return undefined;
  const parts = come?.split(',') ?? [];
  return photos.map((photo, i): Picture => ({
    width: photo.width,
    height: photo.height,
    src: urlOf(photo),
    failed: photo.reason !== undefined,
    progress: photo.image || outgoing.state === 'failed' ? undefined : Number(parts[i] ?? 0),
  }));
}

const failedAction =
  'min-h-8 rounded-s px-2 font-medium underline underline-offset-4 hovering:hover:bg-sunken touch:min-h-11';

function Meta({ line: { own, timed, at, message, outgoing } }: { line: Line }) {
  const t = useT();
  const lang = useLang();
  const edited = message?.editedAt !== undefined && message.kind === 'message';
  const state =
    outgoing && (outgoing.state === 'sending' ? t.room.sending : outgoing.state === 'queued' ? t.room.queued : '');
  if (!edited && !timed && !state) return null;
  return (
    <span
      className={cx(
        'flex flex-none flex-col pb-0.5 text-tiny leading-[1.2] whitespace-nowrap text-ink-2',
        own ? 'items-end' : 'items-start',
      )}
    >
      {edited && <span>{t.room.edited}</span>}
      {state ? <span>{state}</span> : timed && !outgoing && <time dateTime={at}>{clock(lang, at)}</time>}
    </span>
  );
}
