import { api } from '../../lib/api';
import { leaveForGood } from '../../lib/live';
import { Refusal } from '../../lib/problem';

/** Logs out. A session that is over already is as good. */
export async function logOut(): Promise<void> {
  try {
    await api.logOut();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  leaveForGood();
}
