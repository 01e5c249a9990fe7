import type { ComponentType, ReactNode } from 'react';

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: string | undefined;
  /** Who it is about, before the title. */
  face?: ReactNode;
  /** At a desk it stands high and grows downwards: what is in it changes. */
  high?: boolean;
  children: ReactNode;
}

interface HeadProps extends Pick<DialogProps, 'title' | 'lead' | 'face'> {
  /** The library's parts, which give the dialog its name and description. */
  Title: ComponentType<{ className: string; dir: 'auto'; children: ReactNode }>;
  Description: ComponentType<{ className: string; children: ReactNode }>;
}

export function DialogHead({ title, lead, face, Title, Description }: HeadProps) {
  return (
    <div className="flex items-center gap-4">
      {face}
      <div className="min-w-0 flex-1">
        <Title className="text-title font-strong tracking-[-0.01em]" dir="auto">
          {title}
        </Title>
        {lead !== undefined && lead !== '' && (
          <Description className={face === undefined ? 'mt-1.5 text-label text-ink-2' : 'text-label text-ink-2'}>
            {lead}
          </Description>
        )}
      </div>
    </div>
  );
}
