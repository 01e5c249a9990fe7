import type { DialogProps } from './dialogKit';
import { laterKit } from './laterKit';

const useKit = laterKit(() => import('./dialogKit'));

/** A question of ours over the page. Escape and the ground behind close it; the focus goes back where it came from. */
export function Dialog(props: DialogProps) {
  const kit = useKit();
  return kit && <kit.Modal {...props} />;
}
