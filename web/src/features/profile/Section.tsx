import type { ReactNode } from 'react';

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="rounded-l border border-line bg-surface p-5">
      <h2 className="mb-4 text-body font-strong">{title}</h2>
      {children}
    </section>
  );
}
