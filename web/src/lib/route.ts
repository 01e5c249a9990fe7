import { useLocation, type AroundNavHandler } from 'wouter';
import { useHistoryState } from 'wouter/use-browser-location';

/** What an entry of ours in the browser's history keeps. */
export interface Place {
  /** How many of ours lie behind it. */
  depth?: number;
  /** Where a visitor was going when they were asked to log in. */
  from?: string;
  /** What stands over the page. */
  over?: string;
}

const placeNow = (): Place => (history.state ?? {}) as Place;

export const usePlace = (): Place => useHistoryState<Place | null>() ?? {};

export const usePath = (): string => useLocation()[0];

export const useNavigate = (): ((to: string, options?: { replace?: boolean; state?: Place }) => void) =>
  useLocation()[1];

/** Counts our entries, whichever way they come to be. */
export const countDepth: AroundNavHandler = (navigate, to, options) => {
  const { depth = 0 } = placeNow();
  const state = { ...(options?.state as Place | undefined), depth: options?.replace ? depth : depth + 1 };
  navigate(to, { ...options, state });
};

/** Goes where the browser's own back goes, as long as that is a place of ours. */
export function useGoBack(): (otherwise: string) => void {
  const navigate = useNavigate();
  return (otherwise) => {
    if ((placeNow().depth ?? 0) > 0) history.back();
    else navigate(otherwise, { replace: true });
  };
}
