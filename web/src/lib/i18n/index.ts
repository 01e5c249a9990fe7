import type { Message, User } from '../../wire.gen';
import { arrived } from '../arrivals';
import { chooseLang, usePrefs, type Lang } from '../prefs';
import { Refusal, codeOf } from '../problem';
import { ko } from './ko';

/** The Korean texts give the shape; the compiler demands the same of every language. */
export type Dictionary = typeof ko;

/** Korean comes with the page, another language in a chunk of its own. */
const dictionaries: { ko: Dictionary; en: Dictionary | undefined } = { ko, en: undefined };

async function loadWords(lang: Lang): Promise<void> {
  dictionaries[lang] ??= (await import('./en')).en;
}

/** Whether something can be drawn in the reader's language now. */
export function hasFirstWords(): boolean {
  dictionaries.en ??= arrived('en') as Dictionary | undefined;
  return dictionaries[usePrefs.getState().lang] !== undefined;
}

/** Before anything is drawn. Where the words do not come it is drawn in Korean. */
export const loadFirstWords = (): Promise<void> => loadWords(usePrefs.getState().lang).catch(() => undefined);

/** Changes the language once its words are there. Rejects where they do not come. */
export async function changeLang(lang: Lang): Promise<void> {
  await loadWords(lang);
  chooseLang(lang);
}

export const useLang = (): Lang => usePrefs((prefs) => prefs.lang);

export const useT = (): Dictionary => dictionaries[useLang()] ?? ko;

/** What happened and what to do, for any error. */
export function wordError(t: Dictionary, error: unknown): string {
  const text = t.error[codeOf(error)];
  return error instanceof Refusal && error.requestId !== undefined && error.code === 'internal'
    ? `${text} ${t.error.reference(error.requestId)}`
    : text;
}

/** The texts under the fields that the server found wrong. */
export function wordFields(t: Dictionary, error: unknown): Record<string, string> {
  if (!(error instanceof Refusal)) return {};
  const known: Record<string, string> = t.field;
  return Object.fromEntries(
    Object.entries(error.fields).map(([field, what]) => [field, known[what] ?? t.field.malformed]),
  );
}

/** A message in one line: what it says, or what it shows. */
export const gistOf = (t: Dictionary, { text, images }: Pick<Message, 'text' | 'images'>): string =>
  text !== undefined && text !== '' ? text.replace(/\s+/g, ' ') : images ? t.photo.some(images.length) : '';

export function nameOf(t: Dictionary, user: User | undefined): string {
  if (!user) return t.user.unknown;
  return user.deleted || user.name === '' ? t.user.deleted : user.name;
}
