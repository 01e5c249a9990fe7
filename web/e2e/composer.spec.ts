import { composer, enter, expect, makeRoom, message, open, sizes, test } from './maru';

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
