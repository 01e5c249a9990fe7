import { useState, type CSSProperties } from 'react';
import type { Image } from '../wire.gen';
import { cx } from './cx';
import { faceOf, hueOf } from './faces';

interface Props {
  id: string;
  name: string;
  photo?: Image | undefined;
  size: 34 | 36 | 38 | 40 | 64 | 88;
  /** Shows the dot of who is here now. Its meaning is said in words beside it. */
  online?: boolean | undefined;
  /** The ground behind the dot. */
  ground?: 'sunken' | 'paper' | 'surface';
}

const grounds = { sunken: 'border-sunken', paper: 'border-paper', surface: 'border-surface' };

/** Photos that were there once in this page: they are painted at once, without the name before them. */
const seen = new Set<string>();

/** The page had the browser fetch this one: it is there as soon as the first screen is. */
export const expectPhoto = ({ url }: Image): void => void seen.add(url);

/** Somebody's photo; what their name says stands in its place, also until it is there and where it does not come. */
export function Avatar({ id, name, photo, size, online = false, ground = 'sunken' }: Props) {
  const style = {
    '--h': hueOf(id),
    width: size,
    height: size,
    fontSize: Math.round(size * 0.34 * 10) / 10,
  } as CSSProperties;
  return (
    <span
      aria-hidden="true"
      style={style}
      className="face relative grid flex-none place-items-center rounded-[38%] font-medium"
    >
      {/* Where a photo comes at once, no letters flash before it. */}
      <span className={photo && 'late'}>{faceOf(name)}</span>
      {photo && <Face key={photo.id} url={photo.url} size={size} />}
      {online && (
        <i
          className={cx('absolute -right-0.5 -bottom-0.5 size-3 rounded-full border-[2.5px] bg-jade', grounds[ground])}
        />
      )}
    </span>
  );
}

function Face({ url, size }: { url: string; size: number }) {
  const [there, setThere] = useState(() => seen.has(url));
  return (
    <img
      src={url}
      alt=""
      width={size}
      height={size}
      draggable={false}
      decoding={there ? 'sync' : 'auto'}
      onLoad={() => {
        seen.add(url);
        setThere(true);
      }}
      onError={() => setThere(false)}
      className={cx(
        'absolute inset-0 size-full rounded-[38%] bg-surface object-cover transition-opacity duration-120',
        !there && 'opacity-0',
      )}
    />
  );
}

/** A room's emoji, or the first letter of its name. */
export function RoomTile({
  id,
  name,
  emoji,
  large = false,
}: {
  id: string;
  name: string;
  emoji?: string | undefined;
  large?: boolean;
}) {
  const style = { '--h': hueOf(id) } as CSSProperties;
  return (
    <span
      aria-hidden="true"
      style={style}
      className={cx(
        'tile grid flex-none place-items-center',
        large ? 'size-16 rounded-[20px]' : 'size-10 rounded-[13px]',
        emoji
          ? cx('emoji', large ? 'text-[30px]' : 'text-[19px]')
          : cx('font-medium', large ? 'text-hero' : 'text-title'),
      )}
    >
      {emoji ?? Array.from(name)[0] ?? '·'}
    </span>
  );
}
