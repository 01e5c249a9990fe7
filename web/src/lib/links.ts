/** A web address in a text. */
export interface Link {
  href: string;
  /** As it was written, or as the address of another name that only looks like it. */
  text: string;
}

const address = /https?:\/\/[^\s<>"'`“”‘’「」『』《》〈〉]+/giu;
const closing = { ')': '(', ']': '[', '}': '{' } as const;
const isClosing = (letter: string): letter is keyof typeof closing => letter in closing;

/**
 * Where an address ends in a text. What follows a sentence's last word is the sentence's, as is what Korean puts behind a
 * word: in `maru.kr/a에서` the address ends before 에서, in `ko.wikipedia.org/wiki/마루` it does not.
 */
function endOf(found: string): string {
  let text = found.replace(/(?<=[\w%])\p{Script=Hangul}.*$/u, '');
  for (;;) {
    const last = text.at(-1) ?? '';
    const opened = isClosing(last) ? text.split(closing[last]).length : 0;
    const unopened = isClosing(last) && text.split(last).length > opened;
    if (!/[.,:;!?…。，、*_~]/u.test(last) && !unopened) return text;
    text = text.slice(0, -1);
  }
}

/** A name of letters that are not all Latin or all Hangul may look like another one. */
const mayDeceive = (host: string): boolean =>
  !host.split('.').every((label) => /^[\x20-\x7e]*$/u.test(label) || /^[\p{Script=Hangul}\d-]+$/u.test(label));

function linkOf(text: string): Link | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  // The part before @ is not where it leads.
  const plain = url.username === '' && url.password === '';
  const host = /^https?:\/\/([^/?#:]*)/iu.exec(text)?.[1] ?? '';
  return { href: url.href, text: plain && !mayDeceive(host) ? text : url.href };
}

/** A text in parts: its words, and the addresses among them. */
export function withLinks(text: string): (string | Link)[] {
  const parts: (string | Link)[] = [];
  let at = 0;
  for (const { 0: found, index } of text.matchAll(address)) {
    const end = endOf(found);
    const link = linkOf(end);
    if (!link) continue;
    if (index > at) parts.push(text.slice(at, index));
    parts.push(link);
    at = index + end.length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
