import { create } from 'zustand';
import { cancelUpload, lookAt, releasePhoto, uploaded, type Photo, type Unfit } from './photos';
import { codeOf, type Code } from './problem';

/** The most photos of one message (contract, part 2). */
export const most = 10;

/** A photo that waits for its message to be sent; it is uploaded meanwhile. */
export interface Chosen extends Photo {
  /** Why it is not on its way. */
  readonly trouble?: Code | 'offline';
}

const none: readonly Chosen[] = [];

/** What was chosen and not sent, by room. It goes with the page. */
export const useTrays = create<Readonly<Record<string, readonly Chosen[]>>>(() => ({}));

export const useTray = (roomId: string): readonly Chosen[] => useTrays((trays) => trays[roomId] ?? none);

function change(roomId: string, step: (tray: readonly Chosen[]) => readonly Chosen[]): void {
  useTrays.setState((trays) => ({ [roomId]: step(trays[roomId] ?? none) }));
}

export type Refused = { name: string; why: Unfit } | { why: 'too_many' };

/** Puts files into a room's tray and begins to upload them. Resolves with what was not taken. */
export async function choose(roomId: string, files: readonly File[]): Promise<Refused[]> {
  const room = most - (useTrays.getState()[roomId] ?? none).length;
  const refused: Refused[] = files.length > room ? [{ why: 'too_many' }] : [];
  for (const file of files.slice(0, Math.max(room, 0))) {
    const photo = await lookAt(file);
    if (typeof photo === 'string') {
      refused.push({ name: file.name, why: photo });
      continue;
    }
    // Somebody may have chosen more while this one was looked at.
    if ((useTrays.getState()[roomId] ?? none).length >= most) continue;
    change(roomId, (tray) => [...tray, photo]);
    begin(roomId, photo);
  }
  return refused;
}

/** Uploads, again where it failed. */
export function begin(roomId: string, photo: Photo): void {
  const note = (trouble: Code | 'offline' | undefined) =>
    change(roomId, (tray) =>
      tray.map((one) => {
        if (one.key !== photo.key) return one;
        const { trouble: _, ...rest } = one;
        return trouble === undefined ? rest : { ...rest, trouble };
      }),
    );
  note(undefined);
  uploaded(photo).catch((error: unknown) => {
    if (!(error instanceof DOMException)) note(codeOf(error));
  });
}

export function takeOut(roomId: string, key: string): void {
  change(roomId, (tray) => tray.filter((one) => one.key !== key));
  cancelUpload(key);
  releasePhoto(key);
}

/** Empties the tray for a message; what is on its way stays so. */
export function empty(roomId: string): Photo[] {
  const chosen = useTrays.getState()[roomId] ?? none;
  change(roomId, () => none);
  return chosen.map(({ trouble: _, ...photo }) => photo);
}

/** The session is over. */
export function dropTrays(): void {
  for (const { key } of Object.values(useTrays.getState()).flat()) {
    cancelUpload(key);
    releasePhoto(key);
  }
  useTrays.setState({}, true);
}
