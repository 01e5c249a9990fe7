// Drives a Chromium for the benchmark: reads a command from each line of standard input, and answers each with a line.
// It says when things were painted and hands over the pictures of the screen; what they show is not judged here.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

// The site's own Playwright: the benchmark brings none.
const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('@playwright/test');

const patience = 30_000;
/** The network rests when nothing was asked or answered for this long. */
const quiet = 400;
/** The page before a reload is covered in a colour that no page of the site has, so that its pictures are known. */
const cover = 'rgb(255, 0, 255)';
/** What only visitors are shown. */
const doors = 'a[href^="/login"], a[href^="/signup"], input[type="password"]';

/** Runs in every page, before its own scripts: tells when the name and the newest message were painted, by the browser's own account. */
function watch({ name, newest, doors }) {
  const seen = { paints: {}, visitor: false };
  const wanted = ['first-paint', 'first-contentful-paint', 'name', 'newest'];
  const note = (what, at) => {
    if (what in seen.paints) return;
    seen.paints[what] = at;
    if (wanted.every((one) => one in seen.paints)) globalThis.painted(JSON.stringify(seen.paints));
  };
  Object.assign(globalThis, { seenByTheBenchmark: seen });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) note(entry.name, entry.startTime);
  }).observe({ type: 'paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) note(entry.identifier, entry.renderTime);
  }).observe({ type: 'element', buffered: true });
  const mark = (root, text, as) => {
    if (!root) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (walker.currentNode.data === text && parent.getAttribute('elementtiming') !== as) parent.setAttribute('elementtiming', as);
    }
  };
  // It is called after each task that changes the document, so before the change is painted.
  new MutationObserver(() => {
    if (document.querySelector(doors)) seen.visitor = true;
    mark(document.querySelector('nav'), name, 'name');
    mark(document.querySelector('[role="log"]'), newest, 'newest');
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

/** Without the copy that the site keeps for when there is no connection, which would stand in for what is to be fetched. */
function forget() {
  const { open } = indexedDB;
  indexedDB.open = (name, ...rest) => {
    if (name.endsWith('offline')) throw new DOMException('not here', 'InvalidStateError');
    return open.call(indexedDB, name, ...rest);
  };
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});

/** One page in a browser of its own, with what its devtools tell. */
class Tab {
  frames = [];
  requests = new Map();
  #touched = 0;
  #ready = false;
  #paints;

  static async open({ url, path, loginId, password, name, newest, worker, forgetful }) {
    const tab = new Tab();
    tab.context = await browser.newContext({
      viewport: { width: 1024, height: 768 },
      baseURL: url,
      locale: 'ko-KR',
      serviceWorkers: worker ? 'allow' : 'block',
    });
    tab.page = await tab.context.newPage();
    if (loginId) {
      const answer = await tab.page.request.post('/api/v1/session', { headers: { Origin: url }, data: { loginId, password } });
      if (!answer.ok()) throw new Error(`no session: ${await answer.text()}`);
    }
    tab.devtools = await tab.context.newCDPSession(tab.page);
    if (forgetful) await tab.page.addInitScript(forget);
    await tab.#listen({ name, newest, doors });
    await tab.page.goto(path, { waitUntil: 'commit' });
    await (loginId ? tab.#settled() : tab.page.locator(doors).first().waitFor({ timeout: patience }));
    // It has the pages after this one.
    if (worker) await tab.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    return tab;
  }

  async #listen(texts) {
    const { devtools, requests } = this;
    const note = (name, change) =>
      devtools.on(`Network.${name}`, (event) => {
        this.#touched = Date.now();
        const request = requests.get(event.requestId);
        if (request) change(request, event);
      });
    devtools.on('Network.requestWillBeSent', ({ requestId, request: { url } }) => {
      this.#touched = Date.now();
      requests.set(requestId, { url, bytes: 0, cached: false, answered: false });
    });
    note('requestServedFromCache', (request) => (request.cached = true));
    note('responseReceived', (request, { response }) => {
      request.answered = true;
      request.cached ||= response.fromDiskCache;
      request.bytes = response.encodedDataLength;
    });
    note('dataReceived', (request, { dataLength, encodedDataLength }) => (request.bytes += encodedDataLength || dataLength));
    // It does not come where the site does not read an answer to its end.
    note('loadingFinished', (request, { encodedDataLength }) => (request.bytes = encodedDataLength));
    note('loadingFailed', (request) => (request.answered = true));
    devtools.on('Network.webSocketFrameReceived', ({ response }) => {
      this.#touched = Date.now();
      this.#ready ||= response.payloadData.includes('"ready"');
    });
    devtools.on('Page.screencastFrame', ({ data, metadata, sessionId }) => {
      this.frames.push({ at: metadata.timestamp * 1000, jpeg: data });
      // The browser sends no further picture before. The page may be closing.
      devtools.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
    });
    devtools.on('Runtime.bindingCalled', ({ payload }) => {
      this.#paints = JSON.parse(payload);
    });
    for (const domain of ['Network', 'Page', 'Runtime']) await devtools.send(`${domain}.enable`);
    await devtools.send('Runtime.addBinding', { name: 'painted' });
    await devtools.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${watch})(${JSON.stringify(texts)})` });
  }

  /** Waits until everything is painted, the socket has said what there is, and the network rests. */
  async #settled() {
    const end = Date.now() + patience;
    const open = () => [...this.requests.values()].filter(({ answered, cached }) => !answered && !cached).map(({ url }) => url);
    while (!this.#paints || !this.#ready || open().length > 0 || Date.now() - this.#touched < quiet) {
      if (Date.now() > end) {
        const seen = await this.page.evaluate('seenByTheBenchmark');
        throw new Error(`not settled: ${JSON.stringify({ ...seen, told: this.#paints, ready: this.#ready, open: open() })}`);
      }
      await sleep(20);
    }
    return this.#paints;
  }

  /** What stands on the screen: its markup, a picture, and where these are. */
  async look({ name }) {
    const boxes = (locator) =>
      locator.evaluateAll((elements) =>
        elements.map((element) => {
          const { left, top, right, bottom } = element.getBoundingClientRect();
          return { left, top, right, bottom };
        }),
      );
    const { page, devtools } = this;
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0, undefined, { timeout: patience });
    await page.evaluate(async () => {
      await document.fonts.ready;
      const ending = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(ending.map((animation) => animation.finished));
    });
    await sleep(quiet);
    const { data } = await devtools.send('Page.captureScreenshot', { format: 'jpeg', quality: 80 });
    return {
      html: await page.locator('#root').evaluate((root) => root.innerHTML),
      jpeg: data,
      name: await boxes(page.locator('nav').getByText(name, { exact: true })),
      doors: await boxes(page.locator(doors)),
    };
  }

  async reload({ expired, latency, down, up, cpu }) {
    const { context, devtools, page } = this;
    const cookies = (await context.cookies()).map((cookie) => cookie.name);
    if (!cookies.includes('maru_access') || !cookies.includes('maru_refresh')) throw new Error(`the cookies are ${cookies}`);
    // What the browser does itself when the access token's life is over: the cookie has the same.
    if (expired) await context.clearCookies({ name: 'maru_access' });
    await devtools.send('Network.emulateNetworkConditions', { offline: false, latency, downloadThroughput: down, uploadThroughput: up });
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: cpu });
    await page.evaluate(async (colour) => {
      const over = document.createElement('div');
      over.style.cssText = `position: fixed; inset: 0; z-index: 2147483647; background: ${colour}`;
      document.documentElement.append(over);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }, cover);
    this.frames = [];
    this.requests.clear();
    this.#paints = undefined;
    this.#ready = false;
    await devtools.send('Page.startScreencast', { format: 'jpeg', quality: 80, everyNthFrame: 1 });
    await page.reload({ waitUntil: 'commit', timeout: patience });
    const paints = await this.#settled();
    await devtools.send('Page.stopScreencast');
    // Chromium slows a page by having its thread spin: the other pages would feel it.
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    const { origin, visitor } = await page.evaluate('({ origin: performance.timeOrigin, visitor: seenByTheBenchmark.visitor })');
    const asked = [...this.requests.values()].filter(({ cached }) => !cached);
    return {
      firstPaint: paints['first-paint'],
      contentful: paints['first-contentful-paint'],
      name: paints.name,
      newest: paints.newest,
      visitor,
      bytes: asked.reduce((sum, { bytes }) => sum + bytes, 0),
      requests: asked.length,
      frames: this.frames.map(({ at, jpeg }) => ({ at: at - origin, jpeg })).sort((a, b) => a.at - b.at),
    };
  }
}

const tabs = new Map();

async function obey({ what, tab, ...rest }) {
  switch (what) {
    case 'open':
      tabs.set(tab, await Tab.open(rest));
      return {};
    case 'look':
      return tabs.get(tab).look(rest);
    case 'reload':
      return tabs.get(tab).reload(rest);
    case 'close':
      await tabs.get(tab).context.close();
      tabs.delete(tab);
      return {};
  }
  throw new Error(`no command ${what}`);
}

process.stdout.write(`${JSON.stringify({ version: browser.version() })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await obey(JSON.parse(line));
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
