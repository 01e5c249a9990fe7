import { Fragment } from 'react';

const address = /(https?:\/\/[^\s<>"']*[^\s<>"'.,:;!?)\]}])/;

/** Text as it was written; addresses can be followed. */
export function Prose({ text }: { text: string }) {
  return text.split(address).map((part, i) =>
    i % 2 === 1 ? (
      <a
        key={i}
        href={part}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="underline underline-offset-2"
      >
        {part}
      </a>
    ) : (
      <Fragment key={i}>{part}</Fragment>
    ),
  );
}
