import { Outlet } from 'react-router';
import { LookMenu } from '../features/profile/LookMenu';

/** What stands around the screens before the door: logging in and signing up. */
export function Outside() {
  return (
    <>
      <Outlet />
      <div className="fixed top-[max(8px,env(safe-area-inset-top))] right-[max(8px,env(safe-area-inset-right))]">
        <LookMenu />
      </div>
    </>
  );
}
