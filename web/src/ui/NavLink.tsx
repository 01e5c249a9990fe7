import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { usePath } from '../lib/route';

interface Props {
  to: string;
  /** What lies below it counts as it. */
  below?: boolean;
  className: (active: boolean) => string;
  children: ReactNode;
}

/** A link that says whether it leads to where one is. */
export function NavLink({ to, below = false, className, children }: Props) {
  const path = usePath();
  const active = path === to || (below && path.startsWith(`${to}/`));
  return (
    <Link to={to} aria-current={active ? 'page' : undefined} className={className(active)}>
      {children}
    </Link>
  );
}
