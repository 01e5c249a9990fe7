import { createContext, useContext } from 'react';
import type { User } from '../wire.gen';

/** What every screen may have asked over itself. */
export interface Overlays {
  onCreate: () => void;
  onFind: () => void;
  onProfile: (user: User) => void;
}

const nothing = () => undefined;

export const OverlaysContext = createContext<Overlays>({ onCreate: nothing, onFind: nothing, onProfile: nothing });

export const useOverlays = (): Overlays => useContext(OverlaysContext);
