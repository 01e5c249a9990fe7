import type { Lang } from './prefs';
import { serverNow } from './serverClock';

const locale = { ko: 'ko-KR', en: 'en-US' } as const;

const made = new Map<string, Intl.DateTimeFormat>();

function format(lang: Lang, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = lang + JSON.stringify(options);
  let formatter = made.get(key);
  if (!formatter) made.set(key, (formatter = new Intl.DateTimeFormat(locale[lang], options)));
  return formatter;
}

/** 오후 2:31 · 2:31 PM. Some releases of the locale data write PM in Korean too, so the halves of the day are our own words there. */
export function clock(lang: Lang, at: string): string {
  const date = new Date(at);
  const time = format(lang, { hour: 'numeric', minute: '2-digit', hour12: true });
  if (lang !== 'ko') return time.format(date);
  const half = date.getHours() < 12 ? '오전' : '오후';
  return time
    .formatToParts(date)
    .map(({ type, value }) => (type === 'dayPeriod' ? half : value))
    .join('');
}

const dayNumber = (date: Date): number =>
  Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);

/** Which day of the reader's own calendar, as a number that grows by one a day. */
export const dayOf = (at: string): number => dayNumber(new Date(at));

/** 11월 22일 일요일, with the year where it is not this one. */
export function dayName(lang: Lang, at: string, now = serverNow()): string {
  const date = new Date(at);
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return format(lang, { ...year, month: 'long', day: 'numeric', weekday: 'long' }).format(date);
}

/** Which month of the reader's own calendar, as a number that grows by one a month. */
export function monthOf(at: string): number {
  const date = new Date(at);
  return date.getFullYear() * 12 + date.getMonth();
}

/** 11월, with the year where it is not this one. */
export function monthName(lang: Lang, at: string, now = serverNow()): string {
  const date = new Date(at);
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return format(lang, { ...year, month: 'long' }).format(date);
}

/** For lists: the time today, 어제, else the day. */
export function ago(lang: Lang, at: string, now = serverNow()): string {
  const date = new Date(at);
  const days = dayNumber(now) - dayNumber(date);
  if (days <= 0) return clock(lang, at);
  if (days === 1) return new Intl.RelativeTimeFormat(locale[lang], { numeric: 'auto' }).format(-1, 'day');
  if (date.getFullYear() === now.getFullYear()) return format(lang, { month: 'short', day: 'numeric' }).format(date);
  return format(lang, { year: 'numeric', month: 'numeric', day: 'numeric' }).format(date);
}

/** Day and time, for lists of devices and for titles. */
export const moment = (lang: Lang, at: string): string =>
  `${format(lang, { year: 'numeric', month: 'short', day: 'numeric' }).format(new Date(at))} ${clock(lang, at)}`;

/** Whether two times fall into the same minute. */
export const sameMinute = (a: string, b: string): boolean =>
  Math.floor(Date.parse(a) / 60_000) === Math.floor(Date.parse(b) / 60_000);

/** Code points, as the contract counts a message's length. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
