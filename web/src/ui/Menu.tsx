import { useState, type MouseEvent, type ReactNode } from 'react';
import { IconButton } from './Button';
import { laterKit } from './laterKit';
import type { ChoiceProps, ItemProps, Side } from './menuKit';

/** The headless library comes in a chunk of its own, after the first screen. */
const useKit = laterKit(() => import('./menuKit'));

interface AtProps {
  /** The element beside which it opens, while it is open. */
  anchor: HTMLElement | undefined;
  onClose: () => void;
  side?: Side;
  children: ReactNode;
}

/** A menu beside whatever was pressed: one for a whole list. The focus goes back there. */
export function MenuAt({ anchor, onClose, side = 'bottom', children }: AtProps) {
  const kit = useKit();
  const [last, setLast] = useState(anchor);
  // While it fades away it stays where it was.
  if (anchor && anchor !== last) setLast(anchor);
  const beside = anchor ?? last;
  if (!kit || !beside) return null;
  return (
    <kit.Floor anchor={beside} open={anchor !== undefined} onClose={onClose} side={side}>
      {children}
    </kit.Floor>
  );
}

interface ButtonProps {
  label: string;
  icon: ReactNode;
  side?: Side;
  className?: string;
  children: ReactNode;
}

/** An icon button with a menu. */
export function MenuButton({ label, icon, side = 'bottom', className, children }: ButtonProps) {
  const [anchor, setAnchor] = useState<HTMLElement>();
  const toggle = (event: MouseEvent<HTMLElement>) => {
    const { currentTarget } = event;
    setAnchor((open) => (open ? undefined : currentTarget));
  };
  return (
    <>
      <IconButton
        label={label}
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        on={anchor !== undefined}
        onClick={toggle}
        {...(className === undefined ? {} : { className })}
      >
        {icon}
      </IconButton>
      <MenuAt anchor={anchor} onClose={() => setAnchor(undefined)} side={side}>
        {children}
      </MenuAt>
    </>
  );
}

export function MenuItem(props: ItemProps) {
  const kit = useKit();
  return kit && <kit.Item {...props} />;
}

export function MenuChoice<Value extends string>(props: ChoiceProps<Value>) {
  const kit = useKit();
  return kit && <kit.Choice {...props} />;
}

export const MenuLine = () => <div role="separator" className="mx-2 my-1.5 h-px bg-line" />;
