import type { Failure } from '../wire.gen';

export type Code = Failure['code'];

/** A refusal that the server gave, over HTTP or in an acknowledgement. */
export class Refusal extends Error {
  readonly code: Code;
  readonly fields: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;

  constructor(failure: Failure) {
    super(`${failure.code}: ${failure.message}`);
    this.name = 'Refusal';
    this.code = failure.code;
    this.fields = failure.errors ?? {};
    this.retryAfterMs = failure.retryAfterMs;
    this.requestId = failure.requestId;
  }
}

/** No answer came: offline, timed out, or something between us and the server answered in its place. */
export class NoAnswer extends Error {
  constructor(cause?: unknown) {
    super('no answer from the server', { cause });
    this.name = 'NoAnswer';
  }
}

/** What to word to the reader: a code of the contract, or that there was no answer. */
export const codeOf = (error: unknown): Code | 'offline' => {
  if (error instanceof Refusal) return error.code;
  return error instanceof NoAnswer ? 'offline' : 'internal';
};
