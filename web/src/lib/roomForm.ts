import { codePoints } from './formats';
import { typed } from './forms';
import { wordFields, type Dictionary } from './i18n';
import { Refusal } from './problem';

/** Code points, as the server limits them. */
const most = { category: 20, name: 40, topic: 200 };

type Field = keyof typeof most;

/** What was typed into a room's form, and what is wrong with it, by field. The topic may stay empty. */
export function readRoom<Fields extends Field>(t: Dictionary, form: HTMLFormElement, fields: readonly Fields[]) {
  const values = new FormData(form);
  const room = {} as Record<Fields, string>;
  const wrong: Record<string, string> = {};
  for (const field of fields) {
    const text = typed(values, field).trim().normalize('NFC');
    room[field] = text;
    if (text === '' && field !== 'topic') wrong[field] = t.field.required;
    else if (codePoints(text) > most[field]) wrong[field] = t.field.too_long;
  }
  return { room, wrong, valid: Object.keys(wrong).length === 0 };
}

/** The texts under the fields that the server found wrong. */
export function wordRoomFields(t: Dictionary, error: unknown): Record<string, string> {
  if (error instanceof Refusal && error.code === 'room_name_taken') return { name: t.error.room_name_taken };
  return wordFields(t, error);
}
