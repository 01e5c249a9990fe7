import { useSyncExternalStore } from 'react';

const subscribe = (changed: () => void) => {
  document.addEventListener('visibilitychange', changed);
  return () => document.removeEventListener('visibilitychange', changed);
};
const visibleNow = () => document.visibilityState === 'visible';

/** Whether the page is before its reader's eyes. */
export const useVisible = (): boolean => useSyncExternalStore(subscribe, visibleNow);
