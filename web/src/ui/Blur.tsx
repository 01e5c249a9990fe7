import { useLayoutEffect, useRef } from 'react';
import { blurPixels, blurSize } from '../lib/blur';
import { cx } from './cx';

interface Props {
  hash: string | undefined;
  /** What it stands for is there. */
  gone: boolean;
  /** It has faded away. */
  onGone: () => void;
}

/** Lies over a picture until it is there, in its colours. */
export function Blur({ hash, gone, onGone }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const pixels = hash === undefined ? undefined : blurPixels(hash);
    const pen = canvas.current?.getContext('2d');
    if (pixels) pen?.putImageData(new ImageData(pixels, blurSize, blurSize), 0, 0);
  }, [hash]);
  return (
    <canvas
      ref={canvas}
      aria-hidden="true"
      width={blurSize}
      height={blurSize}
      onTransitionEnd={onGone}
      className={cx(
        'pointer-events-none absolute inset-0 size-full transition-opacity duration-200 ease-out',
        gone ? 'opacity-0' : 'opacity-100',
      )}
    />
  );
}
