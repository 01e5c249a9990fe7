/** A hue made from an id: the same everywhere, for ever. */
export function hueOf(id: string): number {
  let hash = 2166136261;
  for (let i = 0; i < id.length; i += 1) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
  return (hash >>> 0) % 360;
}

const hangul = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/;

/** The last two syllables of a Korean name, the initials of a Latin one. */
export function faceOf(name: string): string {
  const letters = Array.from(name.trim());
  if (letters.length === 0) return '·';
  if (letters.some((letter) => hangul.test(letter)))
    return letters
      .filter((letter) => letter !== ' ')
      .slice(-2)
      .join('');
  const words = name.trim().split(/\s+/);
  const initials =
    words.length > 1 ? [words[0], words.at(-1)].map((word) => Array.from(word ?? '')[0] ?? '') : letters.slice(0, 2);
  return initials.join('').toUpperCase();
}
