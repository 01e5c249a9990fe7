// Made by `go generate ./internal/wire` from the Go types. Do not edit.

export interface Answer {
  ok: boolean;
  error?: Failure;
}

export interface CategoriesAnswer {
  categories: Category[];
}

export interface Category {
  id: string;
  name: string;
  rooms: Room[];
}

export interface ChangePassword {
  current: string;
  new: string;
}

export interface ChangesAnswer {
  epoch: string;
  messages: Message[];
  users: User[];
  head: number;
  next: number;
  hasMore: boolean;
  reset?: boolean;
}

export interface ChangesEvent {
  roomId: string;
  since: number;
  epoch?: string;
  limit?: number;
}

export interface CreateRoom {
  /** The category's name, for public rooms, which need one; an unknown one is created. 1–20 characters. */
  category?: string;
  /** 1–40 characters. */
  name: string;
  /** At most 200 characters. */
  topic?: string;
  /** One emoji. */
  emoji?: string;
  /** public when absent. */
  kind?: 'public' | 'private';
  /** all for public rooms, sinceJoin for private ones, when absent. */
  history?: 'all' | 'sinceJoin';
}

export interface DeleteMe {
  password: string;
}

export interface EditEvent {
  roomId: string;
  seq: number;
  text: string;
}

export interface EditMessage {
  text: string;
}

export type Empty = Record<string, never>;

export interface Failure {
  code: 'invalid' | 'unauthorized' | 'bad_credentials' | 'forbidden' | 'not_found' | 'login_id_taken' | 'room_name_taken' | 'client_id_reused' | 'image_too_large' | 'payload_too_large' | 'unsupported_image' | 'rate_limited' | 'unavailable' | 'internal';
  /** For developers, in English; a site words the code itself. */
  message: string;
  /** By field: what is wrong with it (required, too_long, too_short, malformed, unknown, wrong_type). */
  errors?: Record<string, string>;
  retryAfterMs?: number;
  requestId?: string;
}

export interface Image {
  id: string;
  /** In pixels, at most 2,560. */
  width: number;
  /** In pixels, at most 2,560. */
  height: number;
  contentType: 'image/jpeg' | 'image/png' | 'image/gif';
  /** In bytes. */
  size: number;
  /** A path of this site: the picture. */
  url: string;
  /** A path of this site: the same at no more than 640 pixels, and still. */
  thumbUrl: string;
  /** A BlurHash to show while it loads. */
  blur?: string;
}

export interface ImageAnswer {
  image: Image;
}

export interface JoinAnswer {
  room: Room;
  membership: Membership;
}

export interface LobbyEvent {
  room?: Room;
  /** The room's category without its rooms, where it may be new. */
  category?: Category;
  removedRoomId?: string;
}

export interface LogIn {
  loginId: string;
  password: string;
}

export interface Member {
  user: User;
  joinedAt: string;
  role: 'member' | 'owner';
  readSeq: number;
  online: boolean;
}

export interface MembersAnswer {
  members: Member[];
}

export interface Membership {
  userId: string;
  roomId: string;
  joinedAt: string;
  visibleAfter: number;
  readSeq: number;
  role: 'member' | 'owner';
}

export interface Message {
  roomId: string;
  seq: number;
  rev: number;
  /** The sender's own id of the sending: how a client knows its pending message. */
  clientId?: string;
  senderId?: string;
  kind: 'message' | 'system' | 'deleted' | 'hidden';
  /** At most 4,000 code points, NFC. */
  text?: string;
  /** At most 10, in the order in which they were sent. */
  images?: Image[];
  /** The seq of the message that this one answers. */
  replyTo?: number;
  /** What a system message tells; the client words it. */
  event?: SystemEvent;
  sentAt?: string;
  editedAt?: string;
}

export interface MessageAnswer {
  message: Message;
}

export interface MessageEvent {
  message: Message;
  after: number;
  /** The sender, or who a system message is about. */
  user?: User;
}

export interface MessageRef {
  roomId: string;
  seq: number;
}

export interface MessagesAnswer {
  messages: Message[];
  users: User[];
  hasMore: boolean;
}

export interface MyRoom {
  room: Room;
  membership: Membership;
  /** The newest message that the user may see. */
  last?: Message;
  /** Messages by others beyond readSeq, capped at 999. */
  unread: number;
}

export interface MyRoomsAnswer {
  rooms: MyRoom[];
  users: User[];
}

export interface Page {
  /** Who is logged in; absent for a visitor. */
  user?: User;
  epoch: string;
  /** When the page was made: clocks of devices are wrong by hours. */
  now: string;
  lang: 'ko' | 'en';
  signUp: 'open' | 'closed';
  categories: Category[];
  rooms?: MyRoom[];
  users?: User[];
  /** The room that the address names, where the user may see it. */
  room?: RoomAnswer;
  /** The newest page of that room, or, where more than that is unread, one around where the user left off. */
  messages?: MessagesAnswer;
  /** The seq that messages is around; absent for the newest page. */
  around?: number;
}

export interface Peer {
  userId: string;
  /** The peer has left; the next message brings them back. */
  left?: boolean;
}

export interface Presence {
  userId: string;
  online: boolean;
}

export interface Problem {
  type?: string;
  title: string;
  status: number;
  code: 'invalid' | 'unauthorized' | 'bad_credentials' | 'forbidden' | 'not_found' | 'login_id_taken' | 'room_name_taken' | 'client_id_reused' | 'image_too_large' | 'payload_too_large' | 'unsupported_image' | 'rate_limited' | 'unavailable' | 'internal';
  /** For developers, in English; a site words the code itself. */
  detail?: string;
  /** By field: what is wrong with it (required, too_long, too_short, malformed, unknown, wrong_type). */
  errors?: Record<string, string>;
  retryAfterMs?: number;
  requestId?: string;
}

export interface ReadAnswer {
  readSeq: number;
  unread: number;
}

export interface ReadEvent {
  roomId: string;
  seq: number;
}

export interface ReadMark {
  roomId: string;
  userId: string;
  seq: number;
}

export interface Ready {
  epoch: string;
  user: User;
  rooms: MyRoom[];
  users: User[];
}

export interface Room {
  id: string;
  kind: 'public' | 'private' | 'direct';
  name?: string;
  topic?: string;
  emoji?: string;
  categoryId?: string;
  ownerId?: string;
  /** The other person of a direct room. */
  peer?: Peer;
  memberCount: number;
  /** The room's counter: the rev of its newest change. In ready, in the answer to joining and in a room:updated that carries a membership it is a position. */
  head: number;
  history: 'all' | 'sinceJoin';
}

export interface RoomAnswer {
  room: Room;
  membership?: Membership;
}

export interface RoomImage {
  image: Image;
  seq: number;
  senderId: string;
  sentAt: string;
}

export interface RoomImagesAnswer {
  images: RoomImage[];
  users: User[];
  hasMore: boolean;
}

export interface RoomRef {
  roomId: string;
}

export interface RoomRemoved {
  roomId: string;
  reason: 'left' | 'deleted';
}

export interface RoomUpdated {
  room: Room;
  membership?: Membership;
}

export interface SendEvent extends SendMessage {
  roomId: string;
}

export interface SendMessage {
  /** 1–64 printable ASCII characters, chosen by the sender, never used for another message. */
  clientId: string;
  text?: string;
  /** At most 10 images of yours, each attached nowhere yet. */
  imageIds?: string[];
  replyTo?: number;
}

export interface Session {
  id: string;
  kind: 'browser' | 'program';
  userAgent?: string;
  address?: string;
  createdAt: string;
  lastUsedAt: string;
  /** The session that asks. */
  current?: boolean;
}

export interface SessionEnded {
  reason: 'logged_out' | 'revoked' | 'password_changed' | 'account_deleted' | 'token_reused' | 'expired';
}

export interface SessionsAnswer {
  sessions: Session[];
}

export interface SignUp {
  /** 3–32 of a-z 0-9 _ . - (case folded). */
  loginId: string;
  /** 8–1,024 bytes. */
  password: string;
  /** 1–20 characters. */
  name: string;
}

export interface SystemEvent {
  type: 'created' | 'joined' | 'left';
  userId: string;
  byUserId?: string;
}

export interface TokenRequest {
  loginId?: string;
  password?: string;
  refreshToken?: string;
}

export interface TokensAnswer {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

export interface Typing {
  roomId: string;
  userId: string;
}

export interface UpdateMe {
  name?: string;
  /** An image of yours, attached nowhere yet: its middle square becomes your photo. null removes the photo (decoded as an empty string). */
  photoImageId?: string | null;
}

export interface UpdateRoom {
  name?: string;
  topic?: string;
  emoji?: string;
}

export interface User {
  id: string;
  /** Only in answers to the user themselves. */
  loginId?: string;
  /** 1–20 characters; empty once the account is deleted. */
  name: string;
  /** A square of at most 256 pixels. */
  photo?: Image;
  role: 'member' | 'admin';
  /** The account was deleted and anonymised. */
  deleted?: boolean;
}

export interface UserAnswer {
  user: User;
}

export interface UserUpdated {
  user: User;
}

export interface UsersAnswer {
  users: User[];
}

/** What a client may send: payload, and the fields of a good acknowledgement (void: none comes). */
export interface ClientEvents {
  'message:delete': { payload: MessageRef; answer: MessageAnswer };
  'message:edit': { payload: EditEvent; answer: MessageAnswer };
  'message:send': { payload: SendEvent; answer: MessageAnswer };
  'room:changes': { payload: ChangesEvent; answer: ChangesAnswer };
  'room:join': { payload: RoomRef; answer: JoinAnswer };
  'room:leave': { payload: RoomRef; answer: Empty };
  'room:read': { payload: ReadEvent; answer: ReadAnswer };
  'room:typing': { payload: RoomRef; answer: void };
}

/** What the server sends. */
export interface ServerEvents {
  'lobby': LobbyEvent;
  'message': MessageEvent;
  'presence': Presence;
  'ready': Ready;
  'room:read': ReadMark;
  'room:removed': RoomRemoved;
  'room:typing': Typing;
  'room:updated': RoomUpdated;
  'session:ended': SessionEnded;
  'user:updated': UserUpdated;
}
