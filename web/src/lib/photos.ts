import type { Image } from '../wire.gen';

/** A GIF of at most this many bytes plays where it stands; a larger one when it is opened. */
const playsUpTo = 2 << 20;

/** What plays instead of the still one, for those who like motion. */
export const movingOf = ({ contentType, size, url }: Image): string | undefined =>
  contentType === 'image/gif' && size <= playsUpTo ? url : undefined;

/** The address under which the browser keeps it as a file. */
export const downloadOf = ({ url }: Image): string => `${url}?download=1`;

/** Why a picture did not come: it is no longer to be seen, or something went wrong. */
export async function whyMissing(url: string): Promise<'gone' | 'wrong'> {
  try {
    const response = await fetch(url, { method: 'HEAD', credentials: 'same-origin', cache: 'no-store' });
    return response.status === 404 ? 'gone' : 'wrong';
  } catch {
    return 'wrong';
  }
}
