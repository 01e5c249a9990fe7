import type { Image, Message, SendEvent } from '../wire.gen';
import type { Later } from './backOff';
import type { OutgoingPhoto } from './outgoing';

/** What the tabs of one user tell each other. */
export type News =
  /** What is kept is not what it was. */
  | { kind: 'changed' }
  /** The server has this message. */
  | { kind: 'sent'; message: Message }
  /** A tab closes or freezes: it sends no more under this name. */
  | { kind: 'gone'; tab: string };

/** What an outbox needs of the rest of the site. */
export interface Ports {
  /** Has the server keep a photo; throws as send does, and an AbortError where it was cancelled. */
  upload: (photo: OutgoingPhoto) => Promise<Image>;
  /** A photo is not wanted any more, or the server's image of it is gone. */
  cancelUpload: (key: string) => void;
  /** Sends and resolves with the acknowledged message; throws Refusal or NoAnswer. */
  send: (message: SendEvent) => Promise<Message>;
  /** The message is the server's now: it goes into the timeline in the same step as it leaves the outbox. */
  sent: (message: Message) => void;
  /** There is a way to send. */
  reachable: () => boolean;
  /** The session is to be renewed before anything is sent again. */
  renew: () => Promise<unknown>;
  tell: (news: News) => void;
  holdLock?: (tab: string) => { readonly held: boolean; release: () => void };
  whenGone?: (tab: string, signal: AbortSignal, tell: () => void) => void;
  now?: () => number;
  later?: Later;
}
