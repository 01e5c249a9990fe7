import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from './cx';
import { finalFocus } from './finalFocus';

const item =
  'flex min-h-10 cursor-pointer items-center gap-2.5 rounded-s px-3 text-label outline-none select-none data-highlighted:bg-sunken touch:min-h-11';

export type Side = 'top' | 'bottom';

export interface FloorProps {
  /** The element beside which it opens. */
  anchor: HTMLElement;
  open: boolean;
  onClose: () => void;
  side: Side;
  children: ReactNode;
}

export function Floor({ anchor, open, onClose, side, children }: FloorProps) {
  return (
    <Base.Root
      open={open}
      modal={false}
      onOpenChange={(next, { event }) => {
        // A press on the button itself is the button's: it closes what it opened.
        if (!next && !(event.target instanceof Node && anchor.contains(event.target) && event.type !== 'keydown'))
          onClose();
      }}
    >
      {/* In the landmark of its button, so that whoever goes by landmarks finds it. */}
      <Base.Portal container={anchor.closest<HTMLElement>('main, nav, aside')}>
        <Base.Positioner
          anchor={anchor}
          side={side}
          align="end"
          sideOffset={6}
          collisionPadding={10}
          className="z-50 outline-none"
        >
          <Base.Popup
            finalFocus={() => finalFocus(anchor)}
            className="pop max-w-[280px] min-w-[200px] rounded-m border border-line bg-surface p-1.5 shadow-float outline-none"
          >
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export interface ItemProps {
  icon?: ReactNode;
  danger?: boolean;
  onClick: () => void;
  children: ReactNode;
}

export function Item({ icon, danger = false, onClick, children }: ItemProps) {
  return (
    <Base.Item onClick={onClick} className={cx(item, danger && 'text-danger')}>
      <span className={danger ? undefined : 'text-ink-2'}>{icon}</span>
      {children}
    </Base.Item>
  );
}

export interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChoose: (value: Value) => void;
}

/** One of a few; the menu stays open, so that the change can be seen. */
export function Choice<Value extends string>({ label, value, options, onChoose }: ChoiceProps<Value>) {
  return (
    <Base.RadioGroup value={value} onValueChange={(next: Value) => onChoose(next)}>
      <Base.GroupLabel className="px-3 pt-2 pb-1 text-note font-medium text-ink-2">{label}</Base.GroupLabel>
      {options.map((option) => (
        <Base.RadioItem key={option.value} value={option.value} className={cx(item, 'justify-between')}>
          {option.label}
          <Base.RadioItemIndicator>
            <Check size={16} strokeWidth={2} className="text-accent" />
          </Base.RadioItemIndicator>
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  );
}
