import { composer, desk, enter, expect, log, makeRoom, message, say, sizes, tell, test } from './maru';

for (const [size, device] of sizes) {
  test(`two people find each other, write, and one leaves (${size})`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    const minho = await enter(browser, maru, device, 'minho', '김민호');
    await enter(browser, maru, desk, 'minji', '박민지');
    await jisu.goto('/chats');

    await test.step('by a letter of the name', async () => {
      await minho.goto('/');
      await minho.getByRole('link', { name: /^사람/u }).click();
      await expect(minho.getByText('누구와 이야기할까요?')).toBeVisible();
      const search = minho.getByRole('searchbox', { name: '이름으로 찾기' });
      await search.fill('없는이름');
      await expect(minho.getByText('‘없는이름’ 이름을 가진 사람이 없어요')).toBeVisible();
      await minho.getByRole('button', { name: '지우기' }).click();
      await expect(search).toBeFocused();
      await search.fill('민');
      await expect(minho.getByRole('main').getByRole('button', { name: '박민지' })).toBeVisible();
      // One does not write to oneself.
      await expect(minho.getByRole('main').getByRole('button', { name: '김민호' })).toHaveCount(0);
      await search.fill('지수');
      await minho.getByRole('main').getByRole('button', { name: '최지수' }).click();
      await minho.getByRole('dialog', { name: '최지수' }).getByRole('button', { name: '메시지 보내기' }).click();
      await expect(minho.getByRole('heading', { name: '최지수', level: 1 })).toBeVisible();
    });

    const row = jisu.getByRole('link', { name: /^김민호/u });
    await test.step('the first message brings the room into the list of the other', async () => {
      await say(minho, '내일 봐요');
      await expect(row).toContainText('내일 봐요');
      await expect(row).toContainText('안 읽은 메시지 1개');
      await expect(row).toContainText('접속 중');
      await expect(jisu).toHaveTitle(/^\(1\) /u);
      await row.click();
      await expect(message(jisu, '내일 봐요')).toBeVisible();
      await expect(jisu).toHaveTitle(/^김민호/u);
    });

    await test.step('what stirred last is first', async () => {
      const room = await makeRoom(jisu, { name: '조용한 방' }, minho);
      await expect(jisu.getByRole('navigation').getByRole('link', { name: /조용한 방/u })).toBeVisible();
      const other = await makeRoom(jisu, { name: '시끄러운 방' }, minho);
      await tell(minho, room, '여기 먼저');
      const names = jisu.getByRole('region', { name: '참여 중' }).getByRole('link');
      await expect(names.first()).toContainText('조용한 방');
      await tell(minho, other, '이제 여기');
      await expect(names.first()).toContainText('시끄러운 방');
      await expect(names.first()).toContainText('김민호: 이제 여기');
    });

    await test.step('who has left is shown, and the composer says so', async () => {
      await minho.getByRole('button', { name: '방 메뉴' }).click();
      await minho.getByText('나가기', { exact: true }).click();
      await minho.getByRole('dialog', { name: '방에서 나갈까요?' }).getByRole('button', { name: '나가기' }).click();
      await expect(minho.getByRole('link', { name: /^최지수/u })).toHaveCount(0);
      await expect(jisu.getByText('대화에서 나간 사람이에요')).toBeVisible();
      await expect(jisu.getByRole('note')).toContainText('메시지를 보내면 다시 이어져요');
      await expect(composer(jisu)).toHaveAttribute('placeholder', '김민호님을 다시 부르는 메시지');
    });

    await test.step('a message calls them back, without what was said before', async () => {
      await say(jisu, '다시 와요');
      await expect(jisu.getByRole('note')).toHaveCount(0);
      await minho.goto('/chats');
      await minho.getByRole('link', { name: /^최지수/u }).click();
      await expect(message(minho, '다시 와요')).toBeVisible();
      await expect(log(minho).getByText('내일 봐요')).toHaveCount(0);
    });
  });
}

test('Ctrl+K goes to any room or person by a few letters, also by initial consonants', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  await enter(browser, maru, desk, 'minho', '김민호');
  await makeRoom(jisu, { name: '알고리즘 스터디' });
  await makeRoom(jisu, { name: '한강 러닝 크루' });
  await jisu.goto('/me');
  await expect(jisu.getByRole('heading', { name: '설정', level: 1 })).toBeVisible();
  const field = jisu.getByRole('combobox', { name: '방, 사람 찾기' });
  // On a slow machine the page is painted before it listens.
  await expect(async () => {
    await jisu.keyboard.press('Control+k');
    await expect(field).toBeFocused({ timeout: 1000 });
  }).toPass();
  await field.pressSequentially('ㄹㅈ');
  await expect(jisu.getByRole('option')).toHaveText([/알고리즘 스터디/u]);
  await field.press('Enter');
  await expect(jisu.getByRole('heading', { name: '알고리즘 스터디', level: 1 })).toBeVisible();

  await jisu.getByRole('button', { name: /방, 사람 찾기/u }).click();
  await expect(jisu.getByRole('option')).toHaveCount(2);
  await field.press('ArrowDown');
  await field.press('Enter');
  await expect(jisu.getByRole('dialog')).toHaveCount(0);

  await jisu.keyboard.press('Control+k');
  await field.fill('민호');
  await expect(jisu.getByRole('option', { name: /김민호/u })).toBeVisible();
  await field.press('Enter');
  await expect(jisu.getByRole('heading', { name: '김민호', level: 1 })).toBeVisible();
  await jisu.keyboard.press('Control+k');
  await field.fill('아무데도없음');
  await expect(jisu.getByText('찾은 것이 없어요')).toBeVisible();
  await field.press('Escape');
  await expect(jisu.getByRole('dialog')).toHaveCount(0);
});
