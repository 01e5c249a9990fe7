import { call, desk, enter, expect, makeRoom, message, open, sizes, tell, test } from './maru';

for (const [size, device] of sizes) {
  test(`name, language, theme and password are changed in the settings (${size})`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    const minho = await enter(browser, maru, device, 'minho', '김민호');
    const room = await makeRoom(jisu, { name: '이름 부르는 방' }, minho);
    await tell(minho, room, '제 이름은요');
    await jisu.goto(`/rooms/${room}`);
    await expect(message(jisu, '제 이름은요')).toContainText('김민호');
    await minho.goto('/me');

    await test.step('a new name is everywhere at once, a wrong one is refused with words', async () => {
      const name = minho.getByLabel('이름', { exact: true });
      await name.fill('');
      await minho.getByRole('button', { name: '저장하기' }).click();
      await expect(minho.getByRole('alert')).toContainText('입력해 주세요');
      await name.fill('가'.repeat(21));
      await minho.getByRole('button', { name: '저장하기' }).click();
      await expect(minho.getByRole('alert')).toContainText('너무 길어요');
      await name.fill('민호');
      await minho.getByRole('button', { name: '저장하기' }).click();
      await expect(minho.getByText('이름을 저장했어요')).toBeVisible();
      await expect(message(jisu, '제 이름은요')).toContainText('민호');
      await expect(message(jisu, '제 이름은요')).not.toContainText('김민호');
    });

    await test.step('theme and language change at once, and are there at the next first paint', async () => {
      await minho.getByRole('button', { name: '어둡게' }).click();
      await minho.getByRole('button', { name: 'English' }).click();
      await expect(minho.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible();
      // Before any script of ours runs the page is dark and English already.
      await minho.addInitScript(() => {
        new MutationObserver(() => {
          const { lang, dataset } = document.documentElement;
          Object.assign(window, { first: (window as { first?: string }).first ?? `${lang} ${dataset['theme'] ?? ''}` });
        }).observe(document, { childList: true, subtree: true });
      });
      await minho.reload();
      await expect(minho.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible();
      expect(await minho.evaluate(() => (window as unknown as { first: string }).first)).toBe('en dark');
      expect(await minho.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(23, 20, 17)');
      // What the browser draws around the page follows the choice, not the system.
      const around = minho.locator('meta[name="theme-color"]').first();
      await expect(around).toHaveAttribute('content', '#1c1815');
      await minho.getByRole('button', { name: 'System' }).click();
      await expect(around).toHaveAttribute('content', '#f3efe9');
      await minho.getByRole('button', { name: '한국어' }).click();
    });

    await test.step('a new password logs other devices out, which say why; this one stays', async () => {
      const other = await open(browser, maru, device);
      await call(other, 'POST', '/session', { loginId: 'minho', password: 'password of minho' });
      await other.goto('/');
      await expect(
        other.getByRole('link', { name: '설정' }).or(other.getByRole('button', { name: '내 메뉴' })),
      ).toBeVisible();
      await minho.getByLabel('현재 비밀번호', { exact: true }).fill('wrong');
      await minho.getByLabel('새 비밀번호', { exact: true }).fill('short');
      await minho.getByRole('button', { name: '비밀번호 바꾸기' }).click();
      await expect(minho.getByRole('alert')).toContainText('너무 짧아요');
      await minho.getByLabel('새 비밀번호', { exact: true }).fill('a new password');
      await minho.getByRole('button', { name: '비밀번호 바꾸기' }).click();
      await expect(minho.getByRole('alert')).toContainText('맞지 않아요');
      await minho.getByLabel('현재 비밀번호', { exact: true }).fill('password of minho');
      await minho.getByRole('button', { name: '비밀번호 바꾸기' }).click();
      await expect(minho.getByText('비밀번호를 바꿨어요')).toBeVisible();
      await expect(other.getByText('비밀번호가 바뀌었어요')).toBeVisible();
      await minho.reload();
      await expect(minho.getByRole('heading', { name: '설정', level: 1 })).toBeVisible();
    });

    await test.step('devices are listed, and logged out from here', async () => {
      const other = await open(browser, maru, desk);
      await call(other, 'POST', '/session', { loginId: 'minho', password: 'a new password' });
      await other.goto(`/rooms/${room}`);
      await expect(message(other, '제 이름은요')).toBeVisible();
      await minho.reload();
      const devices = minho.getByRole('region', { name: '로그인한 기기' });
      await expect(devices.getByText('이 기기')).toBeVisible();
      await devices.getByRole('button', { name: /로그아웃시키기/u }).click();
      await expect(minho.getByText('그 기기를 로그아웃했어요')).toBeVisible();
      // It was in a room: it is asked to log in, and told why.
      await expect(other).toHaveURL(/\/login$/u);
      await expect(other.getByText('다른 기기에서 이 기기를 로그아웃했어요')).toBeVisible();
    });

    await test.step('a deleted account leaves its words, without a name', async () => {
      await minho.getByRole('button', { name: '계정 삭제' }).click();
      const dialog = minho.getByRole('dialog', { name: '계정을 삭제할까요?' });
      await dialog.getByLabel('비밀번호', { exact: true }).fill('a new password');
      await dialog.getByRole('button', { name: '삭제하기' }).click();
      await expect(minho.getByRole('link', { name: '로그인' }).first()).toBeVisible();
      await expect(message(jisu, '제 이름은요')).toContainText('탈퇴한 사용자');
    });
  });
}
