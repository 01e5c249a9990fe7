import type {
  CategoriesAnswer,
  ChangePassword,
  CreateRoom,
  DeleteMe,
  JoinAnswer,
  LogIn,
  MembersAnswer,
  MessageAnswer,
  MessagesAnswer,
  MyRoomsAnswer,
  Problem,
  SendMessage,
  RoomAnswer,
  RoomImagesAnswer,
  SessionsAnswer,
  SignUp,
  UpdateMe,
  UpdateRoom,
  UserAnswer,
  UsersAnswer,
} from '../wire.gen';
import { NoAnswer, Refusal } from './problem';

type Path = `/${string}`;

/** An answer that does not come within this time is given up, so that no screen waits for ever. */
const patience = 15_000;

async function once(method: string, path: Path, body?: unknown): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), patience);
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      signal: abort.signal,
      credentials: 'same-origin',
      headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new NoAnswer(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A problem document, or NoAnswer where something else than our server answered. */
async function refusalOf(response: Response): Promise<Error> {
  return refusalIn(await response.json().catch(() => null), response.status);
}

/** The refusal that a body tells. */
export function refusalIn(body: unknown, status: number): Refusal | NoAnswer {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  if (typeof problem.code !== 'string') return new NoAnswer(status);
  return new Refusal({
    code: problem.code,
    message: problem.detail ?? problem.title ?? '',
    ...(problem.errors ? { errors: problem.errors } : {}),
    ...(problem.retryAfterMs === undefined ? {} : { retryAfterMs: problem.retryAfterMs }),
    ...(problem.requestId === undefined ? {} : { requestId: problem.requestId }),
  });
}

let refreshing: Promise<boolean> | undefined;

/**
 * Renews the session once for all who ask at the same time. False: the session is over. Throws NoAnswer where nobody
 * could say.
 */
export function refreshSession(): Promise<boolean> {
  refreshing ??= (async () => {
    const response = await once('POST', '/session/refresh');
    if (response.ok) return true;
    const error = await refusalOf(response);
    if (error instanceof Refusal && error.code === 'unauthorized') return false;
    throw error;
  })().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

let onSignedOut: () => void = () => undefined;

/** Names who is told when a call finds that the session is over. */
export function whenSignedOut(tell: () => void): void {
  onSignedOut = tell;
}

/** The session is over, found by another call than these. */
export const signedOutNow = (): void => onSignedOut();

/** The parts that an answer must have. What answers without them is not our server: a portal, a proxy, an older release. */
type Shape<Answer> = (keyof Answer & string)[];
const has = <Answer>(...parts: Shape<Answer>): Shape<Answer> => parts;
const nothing = has<undefined>();

async function call<Answer>(method: string, path: Path, shape: Shape<Answer>, body?: unknown): Promise<Answer> {
  let response = await once(method, path, body);
  if (!response.ok) {
    let error = await refusalOf(response);
    if (error instanceof Refusal && error.code === 'unauthorized') {
      if (!(await refreshSession())) {
        onSignedOut();
        throw error;
      }
      response = await once(method, path, body);
      if (response.ok) return parsed(response, shape);
      error = await refusalOf(response);
    }
    throw error;
  }
  return parsed(response, shape);
}

async function parsed<Answer>(response: Response, shape: Shape<Answer>): Promise<Answer> {
  if (shape.length === 0 && response.status === 204) return undefined as Answer;
  let answer: unknown;
  try {
    answer = await response.json();
  } catch (error) {
    throw new NoAnswer(error);
  }
  if (typeof answer === 'object' && answer !== null && shape.length > 0 && shape.every((part) => part in answer)) {
    return answer as Answer;
  }
  throw new NoAnswer(`no ${shape.join(', ')} in the answer`);
}

const id = encodeURIComponent;

/** Where a page of history begins; without any it is the newest. */
export interface Place {
  before?: number;
  after?: number;
  around?: number;
}

/** The calls of the contract, part 4, that the site makes. */
export const api = {
  signUp: (body: SignUp) => call('POST', '/users', has<UserAnswer>('user'), body),
  logIn: (body: LogIn) => call('POST', '/session', has<UserAnswer>('user'), body),
  logOut: () => call('DELETE', '/session', nothing),
  me: () => call('GET', '/me', has<UserAnswer>('user')),
  updateMe: (body: UpdateMe) => call('PATCH', '/me', has<UserAnswer>('user'), body),
  changePassword: (body: ChangePassword) => call('PUT', '/me/password', nothing, body),
  deleteMe: (body: DeleteMe) => call('DELETE', '/me', nothing, body),
  sessions: () => call('GET', '/me/sessions', has<SessionsAnswer>('sessions')),
  endSession: (session: string) => call('DELETE', `/me/sessions/${id(session)}`, nothing),
  myRooms: () => call('GET', '/me/rooms', has<MyRoomsAnswer>('rooms', 'users')),
  findUsers: (query: string) => call('GET', `/users?query=${id(query)}&limit=50`, has<UsersAnswer>('users')),
  users: (ids: string[]) => call('GET', `/users?ids=${ids.map(id).join(',')}`, has<UsersAnswer>('users')),
  categories: () => call('GET', '/categories', has<CategoriesAnswer>('categories')),
  createRoom: (body: CreateRoom) => call('POST', '/rooms', has<JoinAnswer>('room', 'membership'), body),
  room: (room: string) => call('GET', `/rooms/${id(room)}`, has<RoomAnswer>('room')),
  updateRoom: (room: string, body: UpdateRoom) => call('PATCH', `/rooms/${id(room)}`, has<RoomAnswer>('room'), body),
  deleteRoom: (room: string) => call('DELETE', `/rooms/${id(room)}`, nothing),
  join: (room: string) => call('PUT', `/rooms/${id(room)}/members/me`, has<JoinAnswer>('room', 'membership')),
  leave: (room: string) => call('DELETE', `/rooms/${id(room)}/members/me`, nothing),
  members: (room: string) => call('GET', `/rooms/${id(room)}/members`, has<MembersAnswer>('members')),
  openDirect: (user: string) => call('PUT', `/directs/${id(user)}`, has<JoinAnswer>('room', 'membership')),
  send: (room: string, body: SendMessage) =>
    call('POST', `/rooms/${id(room)}/messages`, has<MessageAnswer>('message'), body),
  images: (room: string, before: number | undefined) =>
    call(
      'GET',
      `/rooms/${id(room)}/images?limit=60${before === undefined ? '' : `&before=${before}`}`,
      has<RoomImagesAnswer>('images', 'users'),
    ),
  messages: (room: string, place: Place, limit: number) => {
    const query = Object.entries({ ...place, limit }).map(([name, value]: [string, number]) => `${name}=${value}`);
    return call('GET', `/rooms/${id(room)}/messages?${query.join('&')}`, has<MessagesAnswer>('messages', 'users'));
  },
};
