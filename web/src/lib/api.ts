import type {
  CategoriesAnswer,
  ChangePassword,
  CreateRoom,
  DeleteMe,
  JoinAnswer,
  LogIn,
  MembersAnswer,
  MessagesAnswer,
  MyRoomsAnswer,
  Problem,
  RoomAnswer,
  SessionsAnswer,
  SignUp,
  UpdateMe,
  UserAnswer,
  UsersAnswer,
} from '../wire.gen';
import { NoAnswer, Refusal } from './problem';

type Path = `/${string}`;

/** An answer that does not come within this time is given up, so that no screen waits for ever. */
const patience = 20_000;

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
  try {
    const problem = (await response.json()) as Partial<Problem>;
    if (typeof problem.code !== 'string') return new NoAnswer(response.status);
    return new Refusal({
      code: problem.code,
      message: problem.detail ?? problem.title ?? '',
      ...(problem.errors ? { errors: problem.errors } : {}),
      ...(problem.retryAfterMs === undefined ? {} : { retryAfterMs: problem.retryAfterMs }),
      ...(problem.requestId === undefined ? {} : { requestId: problem.requestId }),
    });
  } catch {
    return new NoAnswer(response.status);
  }
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

async function call<Answer>(method: string, path: Path, body?: unknown): Promise<Answer> {
  let response = await once(method, path, body);
  if (!response.ok) {
    let error = await refusalOf(response);
    if (error instanceof Refusal && error.code === 'unauthorized') {
      if (!(await refreshSession())) {
        onSignedOut();
        throw error;
      }
      response = await once(method, path, body);
      if (response.ok) return parsed<Answer>(response);
      error = await refusalOf(response);
    }
    throw error;
  }
  return parsed<Answer>(response);
}

async function parsed<Answer>(response: Response): Promise<Answer> {
  if (response.status === 204) return undefined as Answer;
  try {
    return (await response.json()) as Answer;
  } catch (error) {
    throw new NoAnswer(error);
  }
}

const id = encodeURIComponent;

/** The calls of the contract, part 4, that the site makes. */
export const api = {
  signUp: (body: SignUp) => call<UserAnswer>('POST', '/users', body),
  logIn: (body: LogIn) => call<UserAnswer>('POST', '/session', body),
  logOut: () => call<undefined>('DELETE', '/session'),
  me: () => call<UserAnswer>('GET', '/me'),
  updateMe: (body: UpdateMe) => call<UserAnswer>('PATCH', '/me', body),
  changePassword: (body: ChangePassword) => call<undefined>('PUT', '/me/password', body),
  deleteMe: (body: DeleteMe) => call<undefined>('DELETE', '/me', body),
  sessions: () => call<SessionsAnswer>('GET', '/me/sessions'),
  endSession: (session: string) => call<undefined>('DELETE', `/me/sessions/${id(session)}`),
  myRooms: () => call<MyRoomsAnswer>('GET', '/me/rooms'),
  users: (ids: string[]) => call<UsersAnswer>('GET', `/users?ids=${ids.map(id).join(',')}`),
  categories: () => call<CategoriesAnswer>('GET', '/categories'),
  createRoom: (body: CreateRoom) => call<JoinAnswer>('POST', '/rooms', body),
  room: (room: string) => call<RoomAnswer>('GET', `/rooms/${id(room)}`),
  join: (room: string) => call<JoinAnswer>('PUT', `/rooms/${id(room)}/members/me`),
  leave: (room: string) => call<undefined>('DELETE', `/rooms/${id(room)}/members/me`),
  members: (room: string) => call<MembersAnswer>('GET', `/rooms/${id(room)}/members`),
  openDirect: (user: string) => call<JoinAnswer>('PUT', `/directs/${id(user)}`),
  messages: (room: string, before?: number) =>
    call<MessagesAnswer>(
      'GET',
      `/rooms/${id(room)}/messages?limit=50${before === undefined ? '' : `&before=${before}`}`,
    ),
};
