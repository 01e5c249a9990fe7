import { create } from 'zustand';
import type { Image } from '../wire.gen';
import { newClientId } from './clientId';
import { upload } from './upload';

/** A picture that somebody chose: what is shown of it, and what goes to the server. */
export interface Photo {
  readonly key: string;
  readonly file: Blob;
  readonly width: number;
  readonly height: number;
}

/** Why a file is not taken. */
export type Unfit = 'no_image' | 'too_large';

/** What the server takes, in bytes. */
const largest = 10 << 20;
/** The server makes nothing larger of it, in pixels. */
const longest = 2560;

/** Looks at a chosen file. One that is too large is made smaller here, unless it moves. */
export async function lookAt(file: File): Promise<Photo | Unfit> {
  if (file.size === 0) return 'no_image';
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return 'no_image';
  }
  const { width, height } = picture;
  try {
    const fit = file.size <= largest ? file : file.type === 'image/gif' ? undefined : await shrink(picture);
    return fit === undefined || fit.size > largest ? 'too_large' : { key: newClientId(), file: fit, width, height };
  } finally {
    picture.close();
  }
}

async function shrink(picture: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture came'))), 'image/jpeg', 0.92);
  });
}

/** How far uploads have come, by key: 0 to 1; none for what is not on its way. */
export const useProgress = create<Readonly<Record<string, number>>>(() => ({}));

interface Upload {
  done: Promise<Image>;
  abort: AbortController;
}

/** Uploads that run or have ended well, by key. */
const uploads = new Map<string, Upload>();
/** Those that wait for their turn. */
const waiting: (() => void)[] = [];
let running = 0;
/** More at once would only slow each of them down. */
const atOnce = 2;

async function turn(signal: AbortSignal): Promise<void> {
  if (running < atOnce) {
    running += 1;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const go = () => {
      signal.removeEventListener('abort', stop);
      running += 1;
      resolve();
    };
    const stop = () => {
      waiting.splice(waiting.indexOf(go), 1);
      reject(signal.reason as Error);
    };
    waiting.push(go);
    signal.addEventListener('abort', stop);
  });
}

function note(key: string, fraction: number | undefined): void {
  useProgress.setState((all) => {
    const { [key]: _, ...rest } = all;
    return fraction === undefined ? rest : { ...rest, [key]: fraction };
  }, true);
}

/** The server's image of a photo: uploaded now, or already, or on its way. One that failed is tried anew. */
export function uploaded({ key, file }: Pick<Photo, 'key' | 'file'>): Promise<Image> {
  const known = uploads.get(key);
  if (known) return known.done;
  const abort = new AbortController();
  note(key, 0);
  const done = (async () => {
    await turn(abort.signal);
    try {
      return await upload(file, { signal: abort.signal, onProgress: (fraction) => note(key, fraction) });
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  })();
  const entry = { done, abort };
  uploads.set(key, entry);
  done.then(
    () => note(key, undefined),
    () => {
      note(key, undefined);
      if (uploads.get(key) === entry) uploads.delete(key);
    },
  );
  return done;
}

/** The server does not have it any more. */
export const forgetUpload = (key: string): void => void uploads.delete(key);

/** Nobody wants it any more. */
export function cancelUpload(key: string): void {
  uploads.get(key)?.abort.abort(new DOMException('cancelled', 'AbortError'));
  uploads.delete(key);
}

const urls = new Map<string, string>();

/** Where this page finds a photo's file, until it is released. What is kept is read as another Blob each time: the key counts. */
export function urlOf({ key, file }: Pick<Photo, 'key' | 'file'>): string {
  let url = urls.get(key);
  if (url === undefined) {
    url = URL.createObjectURL(file);
    urls.set(key, url);
  }
  return url;
}

/** What is painted stays painted; the file is let go once nobody can ask for it any more. */
export function releasePhoto(key: string, after = 0): void {
  setTimeout(() => {
    const url = urls.get(key);
    if (url !== undefined) URL.revokeObjectURL(url);
    urls.delete(key);
    uploads.delete(key);
  }, after);
}
