import { api } from '../../lib/api';
import { leaveForGood } from '../../lib/live';
import { Refusal } from '../../lib/problem';

/** Logs out. A session that is over already is as good. */
export const logOut = (): Promise<void> =>
  leaveForGood(async () => {
    try {
      await api.logOut();
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'unauthorized')) throw error;
    }
  });
