import type { Image, ImageAnswer } from '../wire.gen';
import { refreshSession, refusalIn, signedOutNow } from './api';
import { NoAnswer, Refusal } from './problem';

interface Options {
  signal: AbortSignal;
  /** 0 to 1: what has left, as far as the browser knows. */
  onProgress: (fraction: number) => void;
}

/** An upload of which nothing moves for this long is given up. */
const patience = 60_000;

/** Sends a picture to be kept. Throws Refusal, NoAnswer, or the signal's reason. */
export async function upload(file: Blob, options: Options): Promise<Image> {
  try {
    return await once(file, options);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'unauthorized') throw error;
    if (await refreshSession()) return once(file, options);
    signedOutNow();
    throw error;
  }
}

// Only this old way of asking tells how much of a body has left.
function once(file: Blob, { signal, onProgress }: Options): Promise<Image> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), patience);
    };
    const cancel = () => request.abort();
    signal.addEventListener('abort', cancel);
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    };
    request.upload.onprogress = ({ loaded, total }) => {
      moved();
      if (total > 0) onProgress(loaded / total);
    };
    request.onload = () => {
      over();
      const answer = request.response as Partial<ImageAnswer> | null;
      if (request.status === 201 && answer?.image) resolve(answer.image);
      else {
        const error = refusalIn(answer, request.status);
        // What came too slowly, or not whole, is no form: the next try may be better.
        reject(error instanceof Refusal && error.code === 'invalid' ? new NoAnswer(error) : error);
      }
    };
    request.onerror = () => {
      over();
      reject(new NoAnswer('the upload did not end'));
    };
    request.onabort = () => {
      over();
      reject(signal.aborted ? (signal.reason as Error) : new NoAnswer('the upload stands still'));
    };
    request.open('POST', '/api/v1/images');
    request.responseType = 'json';
    request.setRequestHeader('Accept', 'application/json');
    const form = new FormData();
    form.append('file', file, 'photo');
    moved();
    request.send(form);
  });
}
