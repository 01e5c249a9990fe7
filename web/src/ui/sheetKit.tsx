import { Drawer as Base } from '@base-ui/react/drawer';
import { finalFocus } from './finalFocus';
import { DialogHead, type DialogProps } from './DialogHead';

/** Comes from below and is swiped away. It rises over the keyboard, and scrolls where it is taller than the page. */
export function Sheet({ open, onClose, face, title, lead, children }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.VirtualKeyboardProvider>
        <Base.Portal>
          <Base.Backdrop className="scrim" />
          <Base.Viewport className="fixed inset-0 z-50 flex items-end">
            <Base.Popup
              finalFocus={() => finalFocus()}
              className="sheet scrollable max-h-[calc(100dvh-24px)] w-full rounded-t-l border-t border-line bg-surface px-5 pt-2.5 pb-[calc(max(20px,env(safe-area-inset-bottom))+var(--drawer-keyboard-inset,0px))] shadow-float outline-none"
            >
              <span aria-hidden="true" className="mx-auto mb-3.5 block h-1 w-9 rounded-full bg-line" />
              <Base.Content>
                <DialogHead face={face} title={title} lead={lead} Title={Base.Title} Description={Base.Description} />
                {children}
              </Base.Content>
            </Base.Popup>
          </Base.Viewport>
        </Base.Portal>
      </Base.VirtualKeyboardProvider>
    </Base.Root>
  );
}
