import type { CDPSession, Page } from '@playwright/test';
import { composer, desk, enter, expect, log, makeRoom, message, open, sizes, test } from './maru';

/** Types through the browser's own input protocol, as an input method does. */
class InputMethod {
  private constructor(readonly session: CDPSession) {}

  static async of(page: Page): Promise<InputMethod> {
    return new InputMethod(await page.context().newCDPSession(page));
  }

  /** The text that is being composed: underlined, not yet there. */
  async compose(text: string): Promise<void> {
    await this.session.send('Input.imeSetComposition', {
      text,
      selectionStart: text.length,
      selectionEnd: text.length,
    });
  }

  /** Ends the composition with this text. */
  async commit(text: string): Promise<void> {
    await this.session.send('Input.insertText', { text });
  }

  /** A key that the input method has seen first: 229. */
  async key(key: string, code: string): Promise<void> {
    await this.session.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key,
      code,
      windowsVirtualKeyCode: 229,
    });
  }
}

test('Hangul that is being composed is sent by one Enter, once, with its last syllable', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '한글 방' }, minho);
  await jisu.goto(`/rooms/${room}`);
  await minho.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(jisu);
  for (const words of ['안녕', '네', '그래요']) {
    await composer(jisu).focus();
    const syllables = Array.from(words);
    for (const [i, syllable] of syllables.entries()) {
      await ime.compose(syllable);
      if (i < syllables.length - 1) await ime.commit(syllable);
    }
    // Chrome tells of Enter inside the composition; the input method then commits.
    await ime.key('Enter', 'Enter');
    await ime.commit(syllables.at(-1) ?? '');
    await expect(log(minho).getByText(words, { exact: true })).toHaveCount(1);
    await expect(composer(jisu)).toHaveValue('');
  }
  // Nothing came twice, and no syllable came by itself.
  await expect(log(minho).getByRole('article')).toHaveCount(3);
});

test('the Enter that chooses kana only chooses; search boxes and forms follow the same rules', async ({
  browser,
  maru,
}) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '글자 방' });
  await page.goto(`/rooms/${room}`);
  const ime = await InputMethod.of(page);
  await composer(page).focus();
  await ime.compose('にほん');
  await ime.key('Enter', 'Enter');
  await ime.commit('日本');
  await page.waitForTimeout(200);
  await expect(composer(page)).toHaveValue('日本');
  await expect(log(page).getByRole('article')).toHaveCount(0);
  await composer(page).press('Enter');
  await expect(message(page, '日本')).toBeVisible();

  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox');
  await expect(field).toBeFocused();
  await ime.compose('글');
  await expect(page.getByRole('option', { name: /글자 방/u })).toBeVisible();
  // While a syllable is composed, arrows are the input method's; Enter that ends Hangul goes there.
  await ime.key('Enter', 'Enter');
  await ime.commit('글');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page).toHaveURL(new RegExp(`/rooms/${room}$`, 'u'));

  await page.goto('/me');
  await page.getByLabel('이름', { exact: true }).fill('');
  await ime.compose('수');
  await ime.key('Enter', 'Enter');
  await ime.commit('수');
  await expect(page.getByText('이름을 저장했어요')).toBeVisible();
  await expect(page.getByLabel('이름', { exact: true })).toHaveValue('수');
});

for (const [size, device] of sizes) {
  test(`the field grows with its text and leaves the last message in view (${size})`, async ({ browser, maru }) => {
    const page = await enter(browser, maru, device, 'jisu', '최지수');
    const room = await makeRoom(page, { name: '긴 글 방' });
    await page.goto(`/rooms/${room}`);
    for (let i = 0; i < 25; i += 1) {
      await composer(page).fill(`줄 ${i}.`);
      await page.getByRole('button', { name: '보내기', exact: true }).click();
    }
    await expect(message(page, '줄 24.').locator('time')).toBeVisible();
    const height = async () => (await composer(page).boundingBox())?.height ?? 0;
    const one = await height();
    await composer(page).fill('하나\n둘\n셋\n넷');
    expect(await height()).toBeGreaterThan(one * 2);
    await expect(message(page, '줄 24.')).toBeInViewport({ ratio: 1 });
    await composer(page).fill('줄\n'.repeat(60));
    expect(await height()).toBeLessThanOrEqual(200);
    await expect(message(page, '줄 24.')).toBeInViewport({ ratio: 1 });
    expect(await composer(page).evaluate((el) => getComputedStyle(el).fontSize)).toBe('16px');
    // A second browser of the same person has no part in what is not sent.
    const other = await open(browser, maru, device);
    await other.context().addCookies(await page.context().cookies());
    await other.goto(`/rooms/${room}`);
    await expect(composer(other)).toHaveValue('');
    // Nothing takes the focus by itself where that opens a keyboard.
    await page.goto('/');
    await page.goto(`/rooms/${room}`);
    await expect(composer(page)).toBeVisible();
    if (size === 'phone') await expect(composer(page)).not.toBeFocused();
    else await expect(composer(page)).toBeFocused();
  });
}
