import { call, desk, enter, expect, makeRoom, open, sizes, test } from './maru';

for (const [size, device] of sizes) {
  test(`the lobby shows rooms by category, and what changes there at once (${size})`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    const minho = await enter(browser, maru, device, 'minho', '김민호');
    await makeRoom(jisu, { name: '알고리즘 스터디', category: '스터디', topic: '매주 일요일 7시', emoji: '📚' });
    await makeRoom(jisu, { name: '한강 러닝 크루', category: '취미' });
    await minho.goto('/');
    const card = minho.getByRole('main').getByRole('link', { name: /알고리즘 스터디/u });
    await expect(card).toContainText('매주 일요일 7시');
    await expect(card).toContainText('1명');
    await expect(minho.getByRole('region', { name: '스터디' })).toBeVisible();

    await test.step('a chip leaves one category', async () => {
      await minho.getByRole('button', { name: '취미 1' }).click();
      await expect(card).toHaveCount(0);
      await expect(minho.getByRole('main').getByRole('link', { name: /한강/u })).toBeVisible();
      await minho.getByRole('button', { name: '전체 2' }).click();
      await expect(card).toBeVisible();
    });

    await test.step('a room of a new category, made with the dialog, is there for the other without a reload', async () => {
      await minho.getByRole('button', { name: '방 만들기' }).first().click();
      const dialog = minho.getByRole('dialog', { name: '방 만들기' });
      await dialog.getByRole('button', { name: '만들기', exact: true }).click();
      await expect(dialog.getByRole('alert')).toContainText('입력해 주세요');
      await dialog.getByLabel('방 이름').fill('알고리즘 스터디');
      await dialog.getByRole('button', { name: '만들기', exact: true }).click();
      await expect(dialog.getByRole('alert')).toContainText('같은 이름의 방이 있어요');
      await dialog.getByLabel('방 이름').fill('점심 뭐 먹지');
      await dialog.getByRole('radio', { name: '새 카테고리' }).check({ force: true });
      await dialog.getByLabel('새 카테고리 이름').fill('동네');
      await dialog.getByLabel(/^한 줄 소개/u).fill('역 앞에서');
      await dialog.getByRole('radio', { name: '🍚' }).check({ force: true });
      await jisu.goto('/');
      await dialog.getByRole('button', { name: '만들기', exact: true }).click();
      await expect(minho.getByRole('heading', { name: '점심 뭐 먹지', level: 1 })).toBeVisible();
      const fresh = jisu.getByRole('region', { name: '동네' }).getByRole('link', { name: /점심 뭐 먹지/u });
      await expect(fresh).toContainText('역 앞에서');
      await expect(fresh).toContainText('🍚');
      await expect(fresh).toContainText('1명');
      await fresh.click();
      await jisu.getByRole('button', { name: '참여하기' }).click();
      await minho.goto('/');
      await expect(minho.getByRole('main').getByRole('link', { name: /점심 뭐 먹지/u })).toContainText('2명');
    });

    await test.step('its owner changes it, and removes it for everybody', async () => {
      await minho
        .getByRole('main')
        .getByRole('link', { name: /점심 뭐 먹지/u })
        .click();
      await expect(jisu.getByRole('heading', { name: '점심 뭐 먹지', level: 1 })).toBeVisible();
      await minho.getByRole('button', { name: '방 메뉴' }).click();
      await minho.getByText('방 정보 수정', { exact: true }).click();
      const dialog = minho.getByRole('dialog', { name: '방 정보 수정' });
      await dialog.getByLabel('방 이름').fill('저녁 뭐 먹지');
      await dialog.getByRole('button', { name: '저장하기' }).click();
      await expect(jisu.getByRole('heading', { name: '저녁 뭐 먹지', level: 1 })).toBeVisible();
      await minho.getByRole('button', { name: '방 메뉴' }).click();
      await minho.getByText('방 삭제', { exact: true }).click();
      await minho.getByRole('dialog', { name: '방을 삭제할까요?' }).getByRole('button', { name: '삭제하기' }).click();
      await expect(jisu.getByText('방을 찾을 수 없어요').last()).toBeVisible();
      await expect(minho.getByText('저녁 뭐 먹지')).toHaveCount(0);
    });
  });

  test(`a visitor sees the lobby, and comes to the room they wanted once logged in (${size})`, async ({
    browser,
    maru,
  }) => {
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    await makeRoom(jisu, { name: '누구나 오는 방' });
    await call(jisu, 'DELETE', '/session');

    const visitor = await open(browser, maru, device);
    await visitor.goto('/');
    await expect(visitor.getByText('모여서 이야기하는 곳')).toBeVisible();
    await visitor.getByRole('button', { name: '화면' }).click();
    await visitor.getByText('English', { exact: true }).click();
    await visitor.keyboard.press('Escape');
    await expect(visitor.getByRole('heading', { name: 'All rooms' })).toBeVisible();
    await visitor.getByRole('link', { name: /누구나 오는 방/u }).click();
    await expect(visitor.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
    await visitor.getByLabel('Login ID', { exact: true }).fill('jisu');
    await visitor.getByLabel('Password', { exact: true }).fill('wrong password');
    await visitor.getByRole('button', { name: 'Log in' }).click();
    await expect(visitor.getByRole('alert')).toBeVisible();
    await visitor.getByLabel('Password', { exact: true }).fill('password of jisu');
    await visitor.getByRole('button', { name: 'Log in' }).click();
    await expect(visitor.getByRole('heading', { name: '누구나 오는 방', level: 1 })).toBeVisible();
    // Whoever logged in does not come back to the log-in by going back.
    await visitor.goBack();
    await expect(visitor.getByRole('heading', { name: 'All rooms' })).toBeVisible();
  });
}
