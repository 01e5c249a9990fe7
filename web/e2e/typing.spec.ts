import type { CDPSession, Locator, Page } from '@playwright/test';
import { composer, desk, enter, expect, log, makeRoom, message, phone, tell, test } from './maru';

// Through the browser's own input protocol, as an input method does. What other browsers do is in src/app/typing.

/** The keys of a Korean keyboard. */
const keyOf: Record<string, string> = Object.fromEntries(
  Array.from('ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ', (jamo, i) => [
    jamo,
    `Key${'QWERTYUIOPASDFGHJKLZXCVBNM'[i] ?? ''}`,
  ]),
);

/** How a syllable grows: ㅎ 하 한. */
function growth(syllable: string): string[] {
  const at = syllable.charCodeAt(0) - 0xac00;
  if (at < 0 || at >= 11_172) return [syllable];
  const initial = Array.from('ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ')[Math.floor(at / 588)] ?? '';
  const open = String.fromCharCode(0xac00 + at - (at % 28));
  return open === syllable ? [initial, syllable] : [initial, open, syllable];
}

/** What it is told goes to the browser at once and in order; a promise is there for who waits for the page. */
class InputMethod {
  private constructor(readonly session: CDPSession) {}

  static async of(page: Page): Promise<InputMethod> {
    return new InputMethod(await page.context().newCDPSession(page));
  }

  /** The text that is being composed: underlined, not yet there. */
  compose(text: string): Promise<unknown> {
    const end = { selectionStart: text.length, selectionEnd: text.length };
    return this.session.send('Input.imeSetComposition', { text, ...end });
  }

  /** Ends the composition with this text. */
  commit(text: string): Promise<unknown> {
    return this.session.send('Input.insertText', { text });
  }

  /** A key that the input method has seen first: 229. */
  masked(code: string, key = 'Process'): Promise<unknown> {
    return this.session.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key, code, windowsVirtualKeyCode: 229 });
  }

  /** Enter as itself. */
  plainEnter(): Promise<unknown> {
    const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 };
    return Promise.all([
      this.session.send('Input.dispatchKeyEvent', { type: 'keyDown', text: '\r', ...key }),
      this.session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key }),
    ]);
  }

  /** Jamo by jamo; the last syllable stays in composition. */
  type(words: string): Promise<unknown> {
    const told: Promise<unknown>[] = [];
    let composed = '';
    for (const syllable of words) {
      for (const [i, text] of growth(syllable).entries()) {
        told.push(this.masked(i === 0 ? (keyOf[text] ?? '') : 'KeyK'));
        if (i === 0 && composed !== '') told.push(this.commit(composed));
        told.push(this.compose(text));
        composed = text;
      }
    }
    return Promise.all(told);
  }

  /** Enter that ends the composition with this text; Hangul's is then reported once more, as itself. */
  finish(text: string, again: 'not again' | 'again' | 'again, late' = 'again'): Promise<unknown> {
    const told = [this.masked('Enter'), this.commit(text)];
    if (again === 'again') told.push(this.plainEnter());
    const done = Promise.all(told);
    if (again !== 'again, late') return done;
    return done.then(() => new Promise((pause) => setTimeout(pause, 25))).then(() => this.plainEnter());
  }

  send(words: string): Promise<unknown> {
    return Promise.all([this.type(words), this.finish(words.slice(-1))]);
  }
}

const articles = (page: Page) => log(page).getByRole('article');
/** Notes the field itself, so that another one in its place is seen. */
const mark = (field: Locator) => field.evaluate((el) => el.setAttribute('data-the-one', ''));
const isTheOne = (field: Locator) => expect(field).toHaveAttribute('data-the-one', '');

test('a Hangul text is sent by one Enter, once and whole, however the browser reports that key', async ({
  browser,
  maru,
}) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '한글 방' }, minho);
  await jisu.goto(`/rooms/${room}`);
  await minho.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(jisu);
  await composer(jisu).focus();
  await mark(composer(jisu));
  for (const [words, again] of [
    ['안녕하세요', 'not again'],
    ['네', 'again'],
    ['그래요', 'again, late'],
    ['ㅋ', 'again'],
  ] as const) {
    await ime.type(words);
    await expect(composer(jisu)).toHaveValue(words);
    await ime.finish(words.slice(-1), again);
    await expect(log(minho).getByText(words, { exact: true })).toHaveCount(1);
    await expect(composer(jisu)).toHaveValue('');
  }
  // Nothing came twice, and no syllable came by itself.
  await expect(articles(minho)).toHaveCount(4);
  await isTheOne(composer(jisu));
});

test('two Enters fast send once; the next text may begin before the page has breath', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '빠른 방' });
  await page.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(page);
  await composer(page).focus();
  await ime.send('네');
  await ime.plainEnter();
  await expect(message(page, '네')).toHaveCount(1);

  // Keys come before timers where the page is busy, here whenever a syllable ends.
  await page.evaluate(() =>
    document.addEventListener(
      'compositionend',
      () => {
        const until = performance.now() + 100;
        while (performance.now() < until);
      },
      true,
    ),
  );
  const words = ['응', '나도', '가', '고'];
  await Promise.all(words.map((one) => Promise.all([ime.type(one), ime.finish(one.slice(-1), 'not again')])));
  await expect(log(page).getByRole('article')).toHaveCount(1 + words.length);
  for (const one of words) await expect(log(page).getByText(one, { exact: true })).toHaveCount(1);
  await expect(composer(page)).toHaveValue('');
});

test('the Enter that chooses kana, pinyin or Hanja only chooses; the next one sends', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '글자 방' });
  await page.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(page);
  await composer(page).focus();
  for (const [i, [composed, chosen]] of [
    ['にほん', '日本'],
    ["ni'hao", '你好'],
    ['한', '漢'],
  ].entries()) {
    await ime.compose(composed ?? '');
    await ime.finish(chosen ?? '', 'not again');
    await page.waitForTimeout(200);
    await expect(composer(page)).toHaveValue(chosen ?? '');
    await expect(articles(page)).toHaveCount(i);
    await ime.plainEnter();
    await expect(message(page, chosen ?? '')).toHaveCount(1);
    await expect(composer(page)).toHaveValue('');
  }
});

test('a message is edited in Hangul: arrow up, the syllables, one Enter', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '고치는 방' });
  await page.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(page);
  await composer(page).focus();
  await ime.send('안녕');
  await expect(message(page, '안녕').locator('time')).toBeVisible();

  // Not while the input method is at work, though nothing is in the field.
  await ime.compose('ㅎ');
  await ime.masked('ArrowUp');
  await ime.compose('');
  await expect(page.getByText('메시지 수정 중')).toHaveCount(0);
  await expect(composer(page)).toHaveValue('');

  await composer(page).press('ArrowUp');
  await expect(composer(page)).toHaveValue('안녕');
  await ime.type('하세요');
  // Escape takes back what is composed; the edit stays.
  await ime.masked('Escape');
  await ime.compose('');
  await expect(composer(page)).toHaveValue('안녕하세');
  await ime.type('요');
  await ime.finish('요');
  await expect(log(page).getByText('안녕하세요', { exact: true })).toHaveCount(1);
  await expect(composer(page)).toHaveValue('');
  await expect(articles(page)).toHaveCount(1);
});

test('search boxes and forms find by what is composed, double nothing, and go by one Enter', async ({
  browser,
  maru,
}) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  await enter(browser, maru, desk, 'minho', '김민호');
  const here = await makeRoom(page, { name: '여기' });
  const project = await makeRoom(page, { name: '프로젝트 일정 채널' });
  await page.goto(`/rooms/${here}`);
  await composer(page).fill('쓰던 말');
  const ime = await InputMethod.of(page);

  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox');
  await expect(field).toBeFocused();
  await mark(field);
  const option = page.getByRole('option');
  await ime.type('프로젝');
  await expect(option).toHaveText(/프로젝트 일정 채널/u);
  // Arrows and Escape are the input method's.
  await ime.masked('ArrowDown');
  await ime.commit('젝');
  await ime.type('트일정');
  await expect(field).toHaveValue('프로젝트일정');
  await expect(option).toHaveCount(1);
  await isTheOne(field);
  await ime.finish('정', 'again, late');
  await expect(page).toHaveURL(new RegExp(`/rooms/${project}$`, 'u'));
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(articles(page)).toHaveCount(0);

  // The second report of that Enter sends no draft of the room it went to.
  await page.keyboard.press('Control+k');
  await expect(field).toBeFocused();
  await ime.type('여기');
  await expect(option).toHaveCount(1);
  await ime.finish('기', 'again, late');
  await expect(page).toHaveURL(new RegExp(`/rooms/${here}$`, 'u'));
  await expect(composer(page)).toHaveValue('쓰던 말');
  await expect(articles(page)).toHaveCount(0);

  // Initial consonants, while they are composed.
  await page.keyboard.press('Control+k');
  await expect(field).toBeFocused();
  await ime.compose('ㅍ');
  await ime.commit('ㅍ');
  await ime.compose('ㄹ');
  await expect(option).toHaveText(/프로젝트 일정 채널/u);
  await expect(field).toHaveValue('ㅍㄹ');
  await ime.commit('ㄹ');
  await page.keyboard.press('Escape');

  await page.goto('/people');
  const search = page.getByRole('searchbox');
  await search.focus();
  await ime.type('김민');
  await expect(page.getByRole('main').getByRole('listitem')).toHaveText(/김민호/u);
  await expect(search).toHaveValue('김민');
  await ime.commit('민');

  await page.goto('/me');
  await page.getByLabel('이름', { exact: true }).fill('');
  await ime.type('수진');
  await ime.finish('진');
  await expect(page.getByText('이름을 저장했어요')).toHaveCount(1);
  await expect(page.getByLabel('이름', { exact: true })).toHaveValue('수진');
});

test('messages and rooms come in while a syllable is composed, and nobody touches the field', async ({
  browser,
  maru,
}) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '붐비는 방' }, minho);
  const other = await makeRoom(minho, { name: '다른 방' }, jisu);
  await jisu.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(jisu);
  await composer(jisu).focus();
  await mark(composer(jisu));
  const words = '안녕하세요';
  for (const [i] of Array.from(words).entries()) {
    const typed = words.slice(0, i + 1);
    await ime.type(typed.slice(-1));
    await tell(minho, room, `여기 ${i}.`);
    await tell(minho, other, `저기 ${i}.`);
    await expect(message(jisu, `여기 ${i}.`)).toBeVisible();
    await expect(jisu.getByRole('navigation').getByRole('link', { name: /다른 방/u })).toContainText(`저기 ${i}.`);
    await expect(composer(jisu)).toHaveValue(typed);
    await expect(composer(jisu)).toBeFocused();
    // Still composed: the same syllable again replaces it.
    await ime.compose(typed.slice(-1));
    await expect(composer(jisu)).toHaveValue(typed);
    if (typed !== words) await ime.commit(typed.slice(-1));
  }
  await isTheOne(composer(jisu));
  await ime.finish('요');
  await expect(message(jisu, words)).toHaveCount(1);
  await expect(composer(jisu)).toHaveValue('');
});

test('what is composed stays with its room when another one is opened', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const first = await makeRoom(page, { name: '첫째 방' });
  await makeRoom(page, { name: '둘째 방' });
  await page.goto(`/rooms/${first}`);
  const ime = await InputMethod.of(page);
  await composer(page).focus();
  await ime.type('안녕');
  const row = (name: RegExp) => page.getByRole('navigation').getByRole('link', { name });
  await row(/둘째 방/u).click();
  await expect(composer(page)).toHaveAccessibleName(/둘째 방/u);
  await expect(composer(page)).toHaveValue('');
  await composer(page).focus();
  await ime.type('잘');
  await row(/첫째 방/u).click();
  await expect(composer(page)).toHaveAccessibleName(/첫째 방/u);
  await expect(composer(page)).toHaveValue('안녕');
  await expect(articles(page)).toHaveCount(0);
  // And one goes on where one was.
  await composer(page).focus();
  await ime.type('하세요');
  await ime.finish('요');
  await expect(message(page, '안녕하세요')).toHaveCount(1);
  await row(/둘째 방/u).click();
  await expect(composer(page)).toHaveValue('잘');
});

test('the button sends what is composed, whole and once, whether it takes the focus or not', async ({
  browser,
  maru,
}) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '단추 방' });
  await page.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(page);
  const button = page.getByRole('button', { name: '보내기', exact: true });
  await composer(page).focus();
  await ime.type('반가워');
  await button.click();
  await expect(message(page, '반가워')).toHaveCount(1);
  await expect(composer(page)).toHaveValue('');
  await expect(composer(page)).toBeFocused();
  await ime.type('나도');
  await button.dispatchEvent('click');
  await expect(message(page, '나도')).toHaveCount(1);
  await expect(composer(page)).toHaveValue('');
  await ime.send('응');
  await expect(message(page, '응')).toHaveCount(1);
  await expect(articles(page)).toHaveCount(3);
});

test('on a phone Enter breaks the line inside what is composed, and the button sends it', async ({ browser, maru }) => {
  const page = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '손 방' });
  await page.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(page);
  await composer(page).tap();
  await ime.type('안녕');
  // The keyboard of a phone ends the word and sends Enter as itself.
  await ime.commit('녕');
  await ime.plainEnter();
  await ime.type('하세요');
  await expect(composer(page)).toHaveValue('안녕\n하세요');
  await expect(articles(page)).toHaveCount(0);
  await page.getByRole('button', { name: '보내기', exact: true }).tap();
  await expect(articles(page)).toHaveCount(1);
  await expect(message(page, '안녕')).toContainText('하세요');
  await expect(composer(page)).toHaveValue('');

  // A search box goes there by the keyboard's own key, though the word is still composed.
  await page.goto('/chats');
  await page.getByRole('button', { name: '방, 사람 찾기' }).tap();
  const field = page.getByRole('combobox');
  await field.tap();
  await ime.type('손');
  await expect(page.getByRole('option')).toHaveText(/손 방/u);
  await ime.plainEnter();
  await expect(page).toHaveURL(new RegExp(`/rooms/${room}$`, 'u'));
});

test('decomposed text is sent composed', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '모은 방' });
  await page.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(page);
  await composer(page).focus();
  await ime.commit('한글'.normalize('NFD'));
  await ime.plainEnter();
  await expect(message(page, '한글')).toHaveCount(1);
});
