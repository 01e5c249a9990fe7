import { movingOf } from '../../lib/photos';
import type { Image } from '../../wire.gen';
import type { Picture } from './Pictures';

/** An image of a message as its grid shows it. */
export const pictureOf = (image: Image): Picture => ({
  id: image.id,
  width: image.width,
  height: image.height,
  thumb: image.thumbUrl,
  moving: movingOf(image),
  blur: image.blur,
});
