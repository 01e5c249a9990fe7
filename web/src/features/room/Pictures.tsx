import { useT } from '../../lib/i18n';
import { cx } from '../../ui/cx';
import { boxOf, mosaicOf, widest } from './mosaic';
import { PictureCell } from './PictureCell';

export interface Picture {
  id: string;
  width: number;
  height: number;
  thumb: string;
  /** What plays in its place for those who like motion: a small GIF. */
  moving?: string | undefined;
  blur?: string | undefined;
  /** 0..1 while it is on its way; undefined when there. */
  progress?: number | undefined;
  failed?: boolean | undefined;
}

interface Props {
  pictures: Picture[];
  own: boolean;
  /** Who sent them, for those who hear them. */
  by?: string | undefined;
  onOpen?: ((index: number) => void) | undefined;
  onCancel?: ((index: number) => void) | undefined;
  onRetry?: ((index: number) => void) | undefined;
}

/** The pictures of one message. Their box stands before they come. */
export function Pictures({ pictures, own, by, onOpen, onCancel, onRetry }: Props) {
  const t = useT();
  const [first] = pictures;
  if (!first) return null;
  const several = pictures.length > 1;
  const alone = boxOf(first);
  const mosaic = mosaicOf(pictures);
  return (
    <div
      {...(several ? { role: 'group', 'aria-label': t.photo.count(pictures.length) } : {})}
      style={{
        width: `min(${several ? widest : alone.width}px, 100cqw - 116px)`,
        aspectRatio: several ? mosaic.ratio : alone.width / alone.height,
        ...(several ? { gridTemplateRows: `repeat(${mosaic.rows}, minmax(0, 1fr))` } : {}),
      }}
      className={cx(
        'max-w-full overflow-hidden rounded-bubble',
        several && 'grid grid-cols-[repeat(6,minmax(0,1fr))] gap-[3px]',
      )}
    >
      {pictures.map((picture, i) => {
        const { across = 6, down = 1 } = several ? (mosaic.cells[i] ?? {}) : {};
        return (
          // A picture that was just sent keeps its place, and what is drawn there, when it gets its id.
          <PictureCell
            key={i}
            picture={picture}
            own={own}
            loose={!several && alone.loose}
            label={t.photo.one(by, i + 1, pictures.length)}
            style={several ? { gridColumn: `span ${across}`, gridRow: `span ${down}` } : undefined}
            onOpen={onOpen && (() => onOpen(i))}
            onCancel={onCancel && (() => onCancel(i))}
            onRetry={onRetry && (() => onRetry(i))}
          />
        );
      })}
    </div>
  );
}
