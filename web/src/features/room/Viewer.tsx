import { useEffect, useEffectEvent, useId, useRef } from 'react';
import { useT } from '../../lib/i18n';
import { useNavigate, usePlace } from '../../lib/route';
import { laterKit } from '../../ui/laterKit';
import { toast } from '../../ui/Toast';
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
  /** What is looked at was deleted meanwhile. */
  gone: boolean;
  onView: (view: View | undefined) => void;
}

/** Images over the page, once somebody looks at one. */
export function Viewer({ view, gone, onView }: Props) {
  const t = useT();
  const open = view !== undefined || gone;
  const kit = useLightbox(open, () => onView(undefined));
  const close = useBackCloses(open, () => onView(undefined));

  // Where the focus goes when the picture that it would go back to was deleted with the message.
  const home = useRef<HTMLElement>(null);
  const back = view?.back;
  useEffect(() => {
    if (back) home.current = back.closest<HTMLElement>('[role="log"], [data-gallery]');
  }, [back]);
  const giveUp = useEffectEvent(() => {
    toast(t.photo.deleted);
    close();
    if (document.activeElement === document.body) home.current?.focus({ preventScroll: true });
  });
  useEffect(() => {
    if (!gone) return;
    // After the dialog has let go of the focus.
    const timer = setTimeout(giveUp);
    return () => clearTimeout(timer);
  }, [gone]);

  if (!view || !kit) return null;
  return (
    <kit.Lightbox
      items={view.items}
      index={view.index}
      back={view.back}
      onIndex={(index) => onView({ ...view, index })}
      onClose={close}
    />
  );
}

/**
 * A place in the history while something stands over the page, so that going back, by a button or a gesture, closes it
 * and nothing else. Returns how else to close it.
 */
function useBackCloses(open: boolean, onClose: () => void): () => void {
  const id = useId();
  const navigate = useNavigate();
  const place = usePlace();
  const marked = place.over === id;
  const phase = useRef<'closed' | 'opening' | 'open'>('closed');
  const follow = useEffectEvent(() => {
    const here = location.pathname + location.search;
    if (open && !marked) {
      if (phase.current === 'closed') {
        phase.current = 'opening';
        navigate(here, { state: { ...place, over: id } });
      } else if (phase.current === 'open') {
        phase.current = 'closed';
        onClose();
      }
    } else if (open) phase.current = 'open';
    else if (marked) {
      // A page that was loaded anew, or went forward again, has nothing to show there.
      const left = phase.current !== 'closed';
      phase.current = 'closed';
      if (left) history.back();
      else navigate(here, { replace: true });
    } else phase.current = 'closed';
  });
  useEffect(() => follow(), [open, marked]);
  return () => (marked ? history.back() : onClose());
}
