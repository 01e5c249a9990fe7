import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: string | undefined;
  children: ReactNode;
}

export function Modal({ open, onClose, title, lead, children }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="scrim" />
        <Base.Viewport className="fixed inset-0 z-50 grid place-items-center overflow-auto p-4">
          <Base.Popup className="pop w-full max-w-[440px] rounded-l border border-line bg-surface p-6 shadow-float outline-none">
            <Base.Title className="text-title font-strong tracking-[-0.01em]" dir="auto">
              {title}
            </Base.Title>
            {lead !== undefined && <Base.Description className="mt-1.5 text-label text-ink-2">{lead}</Base.Description>}
            {children}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
