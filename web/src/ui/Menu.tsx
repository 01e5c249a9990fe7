import { Check } from 'lucide-react';
import { createContext, useContext, useState, type MouseEvent, type ReactNode } from 'react';
import { useLayout } from '../lib/layout';
import { IconButton } from './Button';
import { cx } from './cx';
import { Dialog } from './Dialog';
import { laterKit } from './laterKit';
import type { ChoiceProps, ItemProps, Side } from './menuKit';

/** The headless library comes in a chunk of its own, after the first screen. */
const useKit = laterKit(() => import('./menuKit'));

/** Closes the sheet that a menu is on a phone; undefined in a menu beside a button. */
const Sheet = createContext<(() => void) | undefined>(undefined);

interface AtProps {
  /** The element beside which it opens, while it is open. */
  anchor: HTMLElement | undefined;
  label: string;
  onClose: () => void;
  side?: Side;
  children: ReactNode;
}

/** A menu of whatever was pressed: beside it at a desk, a sheet on a phone. The focus goes back there. */
export function MenuAt(props: AtProps) {
  return useLayout() === 'phone' ? <FromBelow {...props} /> : <Beside {...props} />;
}

function Beside({ anchor, onClose, side = 'bottom', children }: AtProps) {
  const kit = useKit(anchor !== undefined, onClose);
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

function FromBelow({ anchor, label, onClose, children }: AtProps) {
  const [last, setLast] = useState(children);
  // While it goes down it still says what it said.
  if (anchor && children !== last) setLast(children);
  return (
    <Dialog open={anchor !== undefined} onClose={onClose} title={label}>
      <Sheet value={onClose}>
        <div className="-mx-2 mt-2 flex flex-col">{anchor ? children : last}</div>
      </Sheet>
    </Dialog>
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
      <MenuAt anchor={anchor} label={label} onClose={() => setAnchor(undefined)} side={side}>
        {children}
      </MenuAt>
    </>
  );
}

const giveUp = () => undefined;
const touchRow =
  'flex min-h-12 w-full items-center gap-3 rounded-m px-3 text-left text-body active:bg-sunken hovering:hover:bg-sunken';

export function MenuItem(props: ItemProps) {
  const close = useContext(Sheet);
  const kit = useKit(false, giveUp);
  if (!close) return kit && <kit.Item {...props} />;
  const { icon, danger, onClick, children } = props;
  return (
    <button
      type="button"
      onClick={() => {
        close();
        onClick();
      }}
      className={cx(touchRow, danger && 'text-danger')}
    >
      <span className={danger ? undefined : 'text-ink-2'}>{icon}</span>
      {children}
    </button>
  );
}

export function MenuChoice<Value extends string>(props: ChoiceProps<Value>) {
  const close = useContext(Sheet);
  const kit = useKit(false, giveUp);
  if (!close) return kit && <kit.Choice {...props} />;
  const { label, value, options, onChoose } = props;
  return (
    <div role="group" aria-label={label}>
      <p className="px-3 pt-2 pb-1 text-note font-medium text-ink-2">{label}</p>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChoose(option.value)}
          className={cx(touchRow, 'justify-between')}
        >
          {option.label}
          {option.value === value && <Check size={18} strokeWidth={2} aria-hidden="true" className="text-accent" />}
        </button>
      ))}
    </div>
  );
}

export const MenuLine = () => <div role="separator" className="mx-2 my-1.5 h-px bg-line" />;
