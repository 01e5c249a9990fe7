import { create } from 'zustand';
import type { Page } from '../wire.gen';

/** What the host decided, as the page says it. */
export const useSite = create<Pick<Page, 'signUp'>>(() => ({ signUp: 'open' }));
