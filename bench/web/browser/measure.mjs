// Measures the site in a real Chromium: `node measure.mjs ADDRESS MESSAGES PASSES PAGES`, with the browser in CHROMIUM. It prints one
// line of JSON for each thing measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import lighthouse from 'lighthouse';
import { chromium } from 'playwright-core';

const [address, messages, passes] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const pages = process.argv[5].split(',');
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A port that nobody listens at. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const folder = mkdtempSync(join(tmpdir(), 'maru-bench-web-'));
const port = await freePort();
const context = await chromium.launchPersistentContext(folder, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  baseURL: address,
  locale: 'ko-KR',
  viewport: { width: 1440, height: 900 },
  args: [
    `--remote-debugging-port=${port}`,
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    // Without it performance.memory is rounded to where nothing can be told.
    '--enable-precise-memory-info',
  ],
});

async function ask(method, path, data) {
  const answer = await context.request.fetch(`/api/v1${path}`, { method, data, headers: { Origin: address } });
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

const words = '오늘 저녁 여의나루역에서 만나 함께 달리고 국밥 한 그릇 어때요 저는 일곱 시쯤 도착할 것 같아요'.split(' ');

/** A room with a long conversation, of which the browser's user is a member. */
async function settle() {
  await ask('POST', '/users', { loginId: 'reader', password: 'a long password', name: '이도윤' });
  const { room } = await ask('POST', '/rooms', { name: '긴 이야기', category: '스터디', topic: '처음부터 끝까지' });
  for (let n = 0; n < 11; n += 1) await ask('POST', '/rooms', { name: `방 ${n}`, category: n % 2 ? '취미' : '동네' });
  let next = 0;
  const write = async () => {
    for (let n = next++; n < messages; n = next++) {
      const text = Array.from({ length: 3 + ((n * 7) % 17) }, (_, k) => words[(n * 5 + k * 3) % words.length]).join(' ');
      await ask('POST', `/rooms/${room.id}/messages`, { clientId: `m${n}`, text: `${n} ${text}` });
    }
  };
  await Promise.all(Array.from({ length: 16 }, write));
  const short = await ask('POST', '/rooms', { name: '짧은 이야기', category: '스터디' });
  for (let n = 0; n < 60; n += 1) await ask('POST', `/rooms/${short.room.id}/messages`, { clientId: `s${n}`, text: `${n} ${words[n % words.length]}` });
  return [room.id, short.room.id];
}

/** Scrolls from the newest message to the oldest, and tells of every long task and of the most memory that was held. */
async function scroll(room) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
    }).observe({ type: 'longtask', buffered: true });
  });
  await page.goto(`/rooms/${room}`);
  await page.getByRole('log').getByRole('article').last().waitFor();
  // What opening the room cost is Lighthouse's to say.
  await page.waitForTimeout(1500);
  await page.evaluate(() => (window.longTasks.length = 0));
  const devtools = await context.newCDPSession(page);
  const held = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
  const log = page.getByRole('log');
  const box = await log.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  let [heap, rows, seen, still] = [0, 0, Infinity, 0];
  const began = Date.now();
  for (let turn = 0; seen > 1 && still < 200; turn += 1) {
    await page.mouse.wheel(0, -2500);
    await page.waitForTimeout(30);
    const now = await log.evaluate((element) => {
      const all = [...element.querySelectorAll('[data-seq]')].map((row) => Number(row.dataset.seq));
      return { first: Math.min(...all), count: all.length };
    });
    still = now.first < seen ? 0 : still + 1;
    [seen, rows] = [Math.min(seen, now.first), Math.max(rows, now.count)];
    if (turn % 50 === 0) heap = Math.max(heap, await held());
  }
  heap = Math.max(heap, await held());
  const long = await page.evaluate(() => window.longTasks.map(({ duration }) => duration));
  print({
    what: 'scroll',
    reached: seen,
    seconds: (Date.now() - began) / 1000,
    longTasks: long.length,
    longest: Math.max(0, ...long),
    heap,
    rows,
  });
  await page.close();
}

/** Goes from one room to another and back, and tells how long each of them took to be painted with its messages, in ms. */
async function comeBack(room, other) {
  const page = await context.newPage();
  const go = (to) =>
    page.evaluate(
      (to) =>
        new Promise((done) => {
          const link = document.querySelector(`nav a[href="/rooms/${to}"]`);
          const shown = () => document.querySelector('[role="log"]')?.getAttribute('aria-label');
          const before = shown();
          const begun = performance.now();
          const look = () => {
            const there = shown() !== before && document.querySelector('[role="log"] [data-seq]');
            // What is in the document before a frame is painted with it; this runs after.
            if (there) setTimeout(() => done(performance.now() - begun));
            else requestAnimationFrame(look);
          };
          link.click();
          requestAnimationFrame(look);
        }),
      to,
    );
  await page.goto(`/rooms/${room}`);
  await page.getByRole('log').getByRole('article').last().waitFor();
  await go(other);
  await page.waitForTimeout(1500);
  const took = [];
  for (let turn = 0; turn < 10; turn += 1) {
    for (const to of [room, other]) {
      took.push(await go(to));
      await page.waitForTimeout(100);
    }
  }
  took.sort((a, b) => a - b);
  print({ what: 'back', median: took[took.length / 2], most: took.at(-1) });
  await page.close();
}

/** Lighthouse's scores of a page, as a phone sees it, from 0 to 100. */
async function judge(name, path) {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.clearBrowserCache');
  // All but the session: somebody who comes for the first time.
  await devtools.send('Storage.clearDataForOrigin', { origin: address, storageTypes: 'service_workers,cache_storage,indexeddb,local_storage' });
  await page.close();
  const { lhr } = await lighthouse(`${address}${path}`, {
    port,
    logLevel: 'error',
    // The session is in the browser's cookies, which it would clear with the cache.
    disableStorageReset: true,
    onlyCategories: ['performance', 'accessibility', 'best-practices'],
    formFactor: 'mobile',
  });
  if (lhr.runtimeError) throw new Error(`${name}: ${lhr.runtimeError.message}`);
  const score = (category) => Math.round(100 * lhr.categories[category].score);
  const wanting = Object.values(lhr.audits)
    .filter(({ score: of, scoreDisplayMode: mode }) => of !== null && of < 0.9 && mode !== 'informative')
    .map(({ id, displayValue }) => (displayValue ? `${id}: ${displayValue}` : id));
  const milliseconds = (audit) => lhr.audits[audit].numericValue;
  print({
    what: 'page',
    name,
    performance: score('performance'),
    accessibility: score('accessibility'),
    bestPractices: score('best-practices'),
    firstPaint: milliseconds('first-contentful-paint'),
    largestPaint: milliseconds('largest-contentful-paint'),
    blocked: milliseconds('total-blocking-time'),
    shift: lhr.audits['cumulative-layout-shift'].numericValue,
    bytes: lhr.audits['total-byte-weight'].numericValue,
    wanting,
  });
}

try {
  const [room, other] = await settle();
  for (let pass = 0; pass < passes; pass += 1) {
    await scroll(room);
    await comeBack(room, other);
    for (const [name, path] of Object.entries({ lobby: '/', room: `/rooms/${room}` })) {
      if (pages.includes(name)) await judge(name, path);
    }
  }
} finally {
  await context.close();
  rmSync(folder, { recursive: true, force: true });
}
