import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useT } from '../../lib/i18n';
import { Logo } from '../../ui/Logo';
import { Title } from '../../ui/Title';

export function Frame({
  title,
  lead,
  children,
  foot,
}: {
  title: string;
  lead: string;
  children: ReactNode;
  foot: ReactNode;
}) {
  const t = useT();
  return (
    <main
      id="main"
      className="scrollable grid h-dvh bg-sunken px-4 pt-[max(32px,env(safe-area-inset-top))] pb-[max(32px,env(safe-area-inset-bottom))]"
    >
      <Title>{title}</Title>
      <div className="m-auto w-full max-w-[400px]">
        <Link to="/" className="mx-auto mb-6 flex w-fit min-h-11 items-center gap-2.5 rounded-s">
          <Logo size={30} />
          <span className="text-brand font-heavy tracking-[-0.02em]">{t.brand}</span>
        </Link>
        <div className="rounded-l border border-line bg-surface p-6 shadow-float desk:p-8">
          <h1 className="text-[21px] leading-tight font-heavy tracking-[-0.02em]">{title}</h1>
          <p className="mt-1.5 mb-6 text-label text-ink-2">{lead}</p>
          {children}
        </div>
        <p className="mt-5 text-center text-label text-ink-2">{foot}</p>
      </div>
    </main>
  );
}

export const footLink =
  'inline-flex min-h-11 items-center rounded-s px-1 font-medium text-accent underline-offset-4 hovering:hover:underline';
