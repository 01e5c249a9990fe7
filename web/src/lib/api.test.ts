import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, whenSignedOut } from './api';
import { newClientId } from './clientId';
import { NoAnswer, Refusal } from './problem';

const problem = (status: number, code: string, more = {}) =>
  new Response(JSON.stringify({ title: code, status, code, ...more }), { status });
const ok = (body: unknown) => new Response(JSON.stringify(body), { status: 200 });

afterEach(() => vi.unstubAllGlobals());

describe('the session', () => {
  it('is renewed once for all who found it expired, and each call is repeated', async () => {
    let fresh = false;
    let refreshes = 0;
    vi.stubGlobal('fetch', async (url: string) => {
      await Promise.resolve();
      if (url.endsWith('/session/refresh')) {
        refreshes += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        fresh = true;
        return ok({ user: {} });
      }
      return fresh ? ok({ sessions: [] }) : problem(401, 'unauthorized');
    });
    await Promise.all([api.sessions(), api.sessions(), api.sessions()]);
    expect(refreshes).toBe(1);
  });
  it('is over when it cannot be renewed', async () => {
    const told = vi.fn();
    whenSignedOut(told);
    vi.stubGlobal('fetch', () => Promise.resolve(problem(401, 'unauthorized')));
    await expect(api.sessions()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(told).toHaveBeenCalledOnce();
  });
  it('is not over because nobody answers', async () => {
    const told = vi.fn();
    whenSignedOut(told);
    vi.stubGlobal('fetch', (url: string) =>
      url.endsWith('/refresh')
        ? Promise.reject(new TypeError('network'))
        : Promise.resolve(problem(401, 'unauthorized')),
    );
    await expect(api.sessions()).rejects.toBeInstanceOf(NoAnswer);
    expect(told).not.toHaveBeenCalled();
  });
  it('a wrong password is no reason to renew', async () => {
    const calls: string[] = [];
    vi.stubGlobal('fetch', (url: string) => {
      calls.push(url);
      return Promise.resolve(problem(401, 'bad_credentials'));
    });
    await expect(api.logIn({ loginId: 'a', password: 'b' })).rejects.toBeInstanceOf(Refusal);
    expect(calls).toHaveLength(1);
  });
});

it('takes a page that is not ours for no answer', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('<html>', { status: 502 })));
  await expect(api.categories()).rejects.toBeInstanceOf(NoAnswer);
});

it('makes clientIds without a secure context', () => {
  const ids = new Set(Array.from({ length: 100 }, newClientId));
  expect(ids.size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{1,64}$/);
});
