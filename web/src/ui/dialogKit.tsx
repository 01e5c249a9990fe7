import { Dialog as Base } from '@base-ui/react/dialog';
import { cx } from './cx';
import { finalFocus } from './finalFocus';
import { DialogHead, type DialogProps } from './DialogHead';

export function Modal({ open, onClose, face, title, lead, high = false, children }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="scrim" />
        <Base.Viewport
          className={cx(
            'fixed inset-0 z-50 grid justify-items-center overflow-auto p-4 pb-[max(16px,env(safe-area-inset-bottom))]',
            high
              ? 'items-start pt-[max(16px,env(safe-area-inset-top),12dvh)]'
              : 'items-center pt-[max(16px,env(safe-area-inset-top))]',
          )}
        >
          <Base.Popup
            finalFocus={() => finalFocus()}
            className="pop w-full max-w-[440px] rounded-l border border-line bg-surface p-6 shadow-float outline-none"
          >
            <DialogHead face={face} title={title} lead={lead} Title={Base.Title} Description={Base.Description} />
            {children}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
