import { Tooltip as Base } from '@base-ui/react/tooltip';

interface Props {
  anchor: HTMLElement;
  label: string;
  onClose: () => void;
}

export function Bubble({ anchor, label, onClose }: Props) {
  return (
    <Base.Root open onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Positioner anchor={anchor} sideOffset={6} collisionPadding={8} className="pointer-events-none z-50">
          <Base.Popup
            aria-hidden="true"
            className="max-w-[240px] rounded-s bg-ink px-2.5 py-1 text-note text-paper shadow-float"
          >
            {label}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
