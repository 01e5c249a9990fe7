import type { CSSProperties } from 'react';
import { cx } from './cx';
import { faceOf, hueOf } from './faces';

interface Props {
  id: string;
  name: string;
  size: 34 | 36 | 38 | 40 | 64;
  /** Shows the dot of who is here now. Its meaning is said in words beside it. */
  online?: boolean | undefined;
  /** The ground behind the dot. */
  ground?: 'sunken' | 'paper' | 'surface';
}

const grounds = { sunken: 'border-sunken', paper: 'border-paper', surface: 'border-surface' };

export function Avatar({ id, name, size, online = false, ground = 'sunken' }: Props) {
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
      {faceOf(name)}
      {online && (
        <i
          className={cx('absolute -right-0.5 -bottom-0.5 size-3 rounded-full border-[2.5px] bg-jade', grounds[ground])}
        />
      )}
    </span>
  );
}

/** A room's emoji, or the first letter of its name. */
export function RoomTile({ id, name, emoji }: { id: string; name: string; emoji?: string | undefined }) {
  const style = { '--h': hueOf(id) } as CSSProperties;
  return (
    <span
      aria-hidden="true"
      style={style}
      className={cx(
        'tile grid size-10 flex-none place-items-center rounded-[13px]',
        emoji ? 'emoji text-[19px]' : 'text-title font-medium',
      )}
    >
      {emoji ?? Array.from(name)[0] ?? '·'}
    </span>
  );
}
