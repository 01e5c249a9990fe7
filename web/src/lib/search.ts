import { useEffect, useState } from 'react';

const initials = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ';
const syllables = 0xac00;
/** Syllables that begin with the same consonant. */
const perInitial = 588;

/** 회의실 → ㅎㅇㅅ. What is not a syllable stays. */
export const initialsOf = (text: string): string =>
  Array.from(text, (letter) => {
    const at = letter.charCodeAt(0) - syllables;
    return at >= 0 && at < initials.length * perInitial ? (initials[Math.floor(at / perInitial)] ?? letter) : letter;
  }).join('');

const folded = (text: string): string => text.normalize('NFC').toLowerCase().replace(/\s+/g, '');

/** Whether a name has the query in it, in any case, without regard to spaces; a query of consonants alone finds their syllables. */
export function matches(name: string, query: string): boolean {
  const [haystack, needle] = [folded(name), folded(query)];
  return haystack.includes(needle) || (/^[ㄱ-ㅎ]+$/.test(needle) && initialsOf(haystack).includes(needle));
}

/** A value once it has stopped changing for a moment, so that not every key press asks the server. */
export function useSettled<Value>(value: Value, ms = 200): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
