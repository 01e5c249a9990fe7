import type { Image } from '../wire.gen';
import type { Photo } from './photos';
import { codeOf, type Code } from './problem';

/** A photo of a message on its way. */
export interface OutgoingPhoto extends Photo {
  /** What the server made of it. */
  readonly image?: Image;
  /** Why it cannot be sent. */
  readonly reason?: Code;
}

/** A message on its way: queued → sending → gone from here once the server has it, or failed. */
export interface Outgoing {
  readonly clientId: string;
  readonly roomId: string;
  readonly text: string;
  readonly photos?: readonly OutgoingPhoto[];
  readonly state: 'queued' | 'sending' | 'failed';
  /** Why it failed. */
  readonly reason?: Code;
  /** When the sender pressed the button. */
  readonly at: string;
}

export function queued({ reason: _, ...entry }: Outgoing): Outgoing {
  return { ...entry, state: 'queued' };
}

/** None of its photos is known to the server. */
export const anew = (entry: Outgoing): Outgoing =>
  entry.photos ? { ...entry, photos: entry.photos.map(({ image: _, ...photo }) => photo) } : entry;

export const withoutReasons = (entry: Outgoing): Outgoing =>
  entry.photos ? { ...entry, photos: entry.photos.map(({ reason: _, ...photo }) => photo) } : entry;

/** No waiting makes it good. */
function isFinal(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'unsupported_image' || code === 'image_too_large' || code === 'payload_too_large';
}

/** What nobody is sending any more waits again. */
export const requeued = (entry: Outgoing): Outgoing => (entry.state === 'sending' ? queued(entry) : entry);

/** The same list where there is nothing to take out. */
export const without = (entries: readonly Outgoing[], gone: (entry: Outgoing) => boolean): readonly Outgoing[] =>
  entries.some(gone) ? entries.filter((entry) => !gone(entry)) : entries;

export const same = (a: Outgoing, b: Outgoing | undefined): boolean =>
  a.clientId === b?.clientId &&
  a.state === b.state &&
  a.reason === b.reason &&
  a.photos?.length === b.photos?.length &&
  (a.photos?.every((photo, i) => {
    const other = b.photos?.[i];
    return photo.key === other?.key && photo.image?.id === other.image?.id && photo.reason === other.reason;
  }) ??
    true);

/** What was found out about a photo: the server's image, or why there will be none. */
export type Found = { image: Image } | { reason: Code };

export const noted = (entries: readonly Outgoing[], clientId: string, key: string, found: Found): readonly Outgoing[] =>
  entries.map((entry) =>
    entry.clientId === clientId && entry.photos
      ? { ...entry, photos: entry.photos.map((photo) => (photo.key === key ? { ...photo, ...found } : photo)) }
      : entry,
  );

/** A failed message without the photos that cannot be sent, to be sent; none where nothing is left of it. */
export function withoutUnfit(entry: Outgoing): Outgoing[] {
  if (entry.state !== 'failed' || !entry.photos) return [entry];
  const { photos: all, ...rest } = queued(entry);
  const photos = all?.filter(({ reason }) => reason === undefined) ?? [];
  if (photos.length > 0) return [{ ...rest, photos }];
  return rest.text === '' ? [] : [rest];
}

/**
 * Has the server keep what it does not have yet of a message's photos, and notes what became of each. Resolves with why not all of
 * them are there: of several troubles the one that no waiting ends.
 */
export async function uploadAll(
  photos: readonly OutgoingPhoto[],
  upload: (photo: OutgoingPhoto) => Promise<Image>,
  note: (key: string, found: Found) => Promise<unknown>,
): Promise<unknown> {
  let failed: unknown;
  await Promise.all(
    photos.map(async (photo) => {
      if (photo.image) return;
      try {
        await note(photo.key, { image: await upload(photo) });
      } catch (error) {
        if (failed === undefined || isFinal(error)) failed = error;
        if (isFinal(error)) await note(photo.key, { reason: codeOf(error) as Code });
      }
    }),
  );
  return failed;
}
