/** Decodes a BlurHash (github.com/woltapp/blurhash, Algorithm.md): a few cosines that stand for a picture while it loads. */

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~';

function number(hash: string, from: number, to: number): number {
  let value = 0;
  for (const digit of hash.slice(from, to)) value = value * 83 + digits.indexOf(digit);
  return value;
}

const linear = (byte: number): number => {
  const v = byte / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
};

const byte = (value: number): number => {
  const v = Math.min(1, Math.max(0, value));
  return Math.round(255 * (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055));
};

const signedSquare = (value: number): number => Math.sign(value) * value ** 2;

/** The pixels of a hash as RGBA, row by row; undefined for what is none. */
export function decodeBlurHash(
  hash: string,
  width: number,
  height: number,
): Uint8ClampedArray<ArrayBuffer> | undefined {
  const size = number(hash, 0, 1);
  const [across, down] = [(size % 9) + 1, Math.floor(size / 9) + 1];
  if (hash.length !== 4 + 2 * across * down || Array.from(hash).some((digit) => !digits.includes(digit)))
    return undefined;
  const largest = (number(hash, 1, 2) + 1) / 166;
  const colours = Array.from({ length: across * down }, (_, i) => {
    if (i === 0) {
      const v = number(hash, 2, 6);
      return [linear(v >> 16), linear((v >> 8) & 255), linear(v & 255)] as const;
    }
    const v = number(hash, 4 + 2 * i, 6 + 2 * i);
    const part = (n: number) => signedSquare((n - 9) / 9) * largest;
    return [part(Math.floor(v / 361)), part(Math.floor(v / 19) % 19), part(v % 19)] as const;
  });
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let [r, g, b] = [0, 0, 0];
      colours.forEach((colour, i) => {
        const wave =
          Math.cos((Math.PI * x * (i % across)) / width) * Math.cos((Math.PI * y * Math.floor(i / across)) / height);
        r += colour[0] * wave;
        g += colour[1] * wave;
        b += colour[2] * wave;
      });
      pixels.set([byte(r), byte(g), byte(b), 255], 4 * (y * width + x));
    }
  }
  return pixels;
}
