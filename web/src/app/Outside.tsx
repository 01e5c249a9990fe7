import type { ReactNode } from 'react';
import { LookMenu } from '../features/profile/LookMenu';

/** What stands around the screens before the door: logging in and signing up. */
export function Outside({ children }: { children: ReactNode }) {
  return (
    <>
      {children}
      <div className="fixed top-[max(8px,env(safe-area-inset-top))] right-[max(8px,env(safe-area-inset-right))]">
        <LookMenu />
      </div>
    </>
  );
}
