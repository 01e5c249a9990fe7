import { useEffect, useRef } from 'react';
import { decodeBlurHash } from '../lib/blurhash';

/** So few pixels are enough: the browser smoothes them over the whole box. */
const side = 24;

/** What stands for a picture while it loads. */
export function Blurred({ hash }: { hash: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = decodeBlurHash(hash, side, side);
    if (pixels) canvas.current?.getContext('2d')?.putImageData(new ImageData(pixels, side, side), 0, 0);
  }, [hash]);
  return <canvas ref={canvas} width={side} height={side} aria-hidden="true" className="absolute inset-0 size-full" />;
}
