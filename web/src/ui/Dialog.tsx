import { useLayout } from '../lib/layout';
import type { DialogProps } from './DialogHead';
import { laterKit } from './laterKit';

const useModal = laterKit(() => import('./dialogKit'));
const useSheet = laterKit(() => import('./sheetKit'));

/**
 * A question of ours over the page: in its middle at a desk, a sheet from below on a phone. Escape, the ground behind and
 * Android's back close it; the focus goes back where it came from.
 */
export function Dialog(props: DialogProps) {
  return useLayout() === 'phone' ? <FromBelow {...props} /> : <InTheMiddle {...props} />;
}

function InTheMiddle(props: DialogProps) {
  const kit = useModal(props.open, props.onClose);
  return kit && <kit.Modal {...props} />;
}

function FromBelow(props: DialogProps) {
  const kit = useSheet(props.open, props.onClose);
  return kit && <kit.Sheet {...props} />;
}
