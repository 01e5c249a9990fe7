import { useEffect, useEffectEvent, useState } from 'react';
import { moment, monthName, monthOf } from '../../lib/formats';
import { byMonth, useGallery } from '../../lib/gallery';
import { nameOf, useLang, useT, wordError } from '../../lib/i18n';
import { timelineOf } from '../../lib/messages';
import { serverNow } from '../../lib/serverClock';
import { useUsers } from '../../lib/users';
import { cx } from '../../ui/cx';
import { Blurred } from '../../ui/Blurred';
import { Failed } from '../../ui/Failed';
import { Skeleton } from '../../ui/States';
import { Viewer } from './Viewer';

/** The images of a room, the newest first. What they stand under may have named them already. */
export function Gallery({ roomId, under }: { roomId: string; under: 'members' | 'title' | 'nothing' }) {
  const t = useT();
  const lang = useLang();
  const users = useUsers();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useGallery(roomId);
  const [looking, setLooking] = useState<{ id: string; back?: HTMLElement | undefined }>();
  // Further pages come while the reader nears the end; where one did not come, the button is theirs.
  const [end, setEnd] = useState<HTMLElement | null>(null);
  const failed = data !== undefined && error !== null;
  const nearEnd = useEffectEvent(() => {
    if (hasNextPage && !isFetchingNextPage && !failed) void fetchNextPage();
  });
  useEffect(() => {
    if (!end) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && nearEnd(), {
      root: end.closest('.scrollable'),
      rootMargin: '400px',
    });
    observer.observe(end);
    return () => observer.disconnect();
    // A page that does not fill the view leaves its end in it: it is observed anew.
  }, [end, data?.length]);
  const months = byMonth(data ?? []);
  // All of this month need no name.
  const named = months.some(({ month }) => month !== monthOf(serverNow().toISOString()));
  const index = data?.findIndex(({ image }) => image.id === looking?.id) ?? -1;
  const view = looking &&
    data &&
    index >= 0 && {
      items: data.map(({ image, seq, senderId, sentAt }) => ({
        image,
        who: nameOf(t, users[senderId]),
        when: moment(lang, sentAt),
        caption: timelineOf(roomId)?.messages.find((message) => message.seq === seq)?.text,
      })),
      index,
      back: looking.back,
    };
  return (
    <section
      aria-label={t.photo.gallery}
      tabIndex={-1}
      data-gallery
      className={cx('px-2.5 pb-4 outline-none', { members: 'pt-6', title: 'pt-4', nothing: 'pt-1' }[under])}
    >
      <h3 className={under === 'title' ? 'sr-only' : 'pb-2.5 text-row font-strong'}>{t.photo.gallery}</h3>
      {!data && error && <Failed error={error} onRetry={refetch} />}
      {!data && !error && (
        <div className="grid grid-cols-3 gap-[5px]">
          {[0, 1, 2].map((n) => (
            <Skeleton key={n} className="aspect-square w-full rounded-s" />
          ))}
        </div>
      )}
      {data?.length === 0 && <p className="text-small text-ink-2">{t.photo.galleryEmpty}</p>}
      {months.map(({ month, at, images }, i) => (
        <div key={month}>
          {named && (
            <h4 className={cx('pb-1.5 text-[12px] font-medium text-ink-2', i > 0 && 'pt-3.5')}>
              {monthName(lang, at)}
            </h4>
          )}
          <ul className="grid grid-cols-3 gap-[5px]">
            {images.map(({ image, senderId, sentAt }) => (
              <li key={image.id}>
                <button
                  type="button"
                  aria-label={t.photo.open(moment(lang, sentAt), nameOf(t, users[senderId]))}
                  onClick={(event) => setLooking({ id: image.id, back: event.currentTarget })}
                  className="relative block aspect-square w-full overflow-hidden rounded-s bg-sunken"
                >
                  {image.blur !== undefined && <Blurred hash={image.blur} />}
                  <img
                    src={image.thumbUrl}
                    alt=""
                    loading="lazy"
                    decoding="async"
                    draggable={false}
                    className="relative size-full object-cover"
                  />
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {failed && (
        <p role="alert" className="pt-2.5 text-center text-note text-danger">
          {wordError(t, error)}
        </p>
      )}
      {hasNextPage && (
        <button
          ref={setEnd}
          type="button"
          aria-busy={isFetchingNextPage || undefined}
          onClick={() => void fetchNextPage()}
          className="mt-2.5 min-h-10 w-full rounded-m text-small font-medium text-ink-2 hovering:hover:bg-sunken touch:min-h-11"
        >
          {failed ? t.act.retry : t.act.more}
        </button>
      )}
      <Viewer
        view={view === false ? undefined : view}
        gone={looking !== undefined && data !== undefined && index < 0}
        onView={(next) => {
          const image = next && data?.[next.index]?.image;
          setLooking(image && { id: image.id, back: looking?.back });
        }}
      />
    </section>
  );
}
