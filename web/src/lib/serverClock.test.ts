import { afterEach, expect, it, vi } from 'vitest';
import { serverNow, setServerClock } from './serverClock';

afterEach(() => vi.useRealTimers());

it.each([
  ['right', 0, 0],
  ['a moment behind, as a page on its way is', -20_000, -20_000],
  ['five hours ahead', 5 * 3600_000, 0],
  ['a day behind', -86_400_000, 0],
])('a clock that is %s', (_, by, left) => {
  const server = Date.parse('2026-11-23T23:30:00.000Z');
  vi.useFakeTimers({ now: server + by });
  setServerClock(new Date(server).toISOString());
  expect(serverNow().getTime() - server).toBe(left);
  vi.advanceTimersByTime(1000);
  expect(serverNow().getTime() - server).toBe(left + 1000);
});
