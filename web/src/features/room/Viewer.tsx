import { laterKit } from '../../ui/laterKit';
import type { Viewed } from './Lightbox';

const useLightbox = laterKit(() => import('./Lightbox'));

/** What is looked at: images, one of them now, and the element that the focus goes back to. */
export interface View {
  items: readonly Viewed[];
  index: number;
  back?: HTMLElement | undefined;
}

interface Props {
  view: View | undefined;
  onView: (view: View | undefined) => void;
}

/** Images over the page, once somebody looks at one. */
export function Viewer({ view, onView }: Props) {
  const kit = useLightbox(view !== undefined, () => onView(undefined));
  if (!view || !kit) return null;
  return (
    <kit.Lightbox
      items={view.items}
      index={view.index}
      back={view.back}
      onIndex={(index) => onView({ ...view, index })}
      onClose={() => onView(undefined)}
    />
  );
}
