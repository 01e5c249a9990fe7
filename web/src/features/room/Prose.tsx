import { Fragment } from 'react';
import { withLinks } from '../../lib/links';

/** Text as it was written; addresses can be followed. */
export function Prose({ text }: { text: string }) {
  return withLinks(text).map((part, i) =>
    typeof part === 'string' ? (
      <Fragment key={i}>{part}</Fragment>
    ) : (
      <a
        key={i}
        href={part.href}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="underline underline-offset-2"
      >
        {part.text}
      </a>
    ),
  );
}
