import { useState } from 'react';
import { moment } from '../../lib/formats';
import { useGallery } from '../../lib/gallery';
import { nameOf, useLang, useT } from '../../lib/i18n';
import { timelineOf } from '../../lib/messages';
import { useUsers } from '../../lib/users';
import { Blurred } from '../../ui/Blurred';
import { Failed } from '../../ui/Failed';
import { Skeleton } from '../../ui/States';
import { Viewer } from './Viewer';

/** The images of a room, the newest first. */
export function Gallery({ roomId }: { roomId: string }) {
  const t = useT();
  const lang = useLang();
  const users = useUsers();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useGallery(roomId);
  const [looking, setLooking] = useState<{ id: string; back?: HTMLElement | undefined }>();
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
    <section aria-label={t.photo.gallery} className="px-2.5 pt-6 pb-4">
      <h3 className="pb-2.5 text-row font-strong">{t.photo.gallery}</h3>
      {!data && error && <Failed error={error} onRetry={refetch} />}
      {!data && !error && (
        <div className="grid grid-cols-3 gap-[5px]">
          {[0, 1, 2].map((n) => (
            <Skeleton key={n} className="aspect-square w-full rounded-s" />
          ))}
        </div>
      )}
      {data?.length === 0 && <p className="text-small text-ink-2">{t.photo.galleryEmpty}</p>}
      {data && data.length > 0 && (
        <ul className="grid grid-cols-3 gap-[5px]">
          {data.map(({ image, senderId, sentAt }) => (
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
      )}
      {hasNextPage && (
        <button
          type="button"
          aria-busy={isFetchingNextPage || undefined}
          onClick={() => void fetchNextPage()}
          className="mt-2.5 min-h-10 w-full rounded-m text-small font-medium text-ink-2 hovering:hover:bg-sunken touch:min-h-11"
        >
          {t.act.more}
        </button>
      )}
      <Viewer
        view={view === false ? undefined : view}
        onView={(next) => {
          const image = next && data?.[next.index]?.image;
          setLooking(image && { id: image.id, back: looking?.back });
        }}
      />
    </section>
  );
}
