import { composer, createRoom, desk, expect, log, message, open, phone, say, signUp, test } from './maru';

test('two people, one at a desk and one with a phone, meet in a room and talk', async ({ browser, maru }) => {
  const jisu = await open(browser, maru, desk);
  const minho = await open(browser, maru, phone);

  await test.step('they sign up', async () => {
    await signUp(jisu, 'jisu', '최지수');
    await signUp(minho, 'minho', '김민호');
  });

  await test.step('one makes a room and says something', async () => {
    await createRoom(jisu, '알고리즘 스터디', '스터디');
    await say(jisu, '아무도 없나요');
    await expect(message(jisu, '아무도 없나요')).toBeVisible();
  });

  await test.step('the other sees it appear in the lobby; opening it neither joins nor shows what was said', async () => {
    await minho.getByRole('link', { name: /알고리즘 스터디/u }).click();
    await expect(minho.getByRole('button', { name: '참여하기' })).toBeVisible();
    await expect(minho.getByText('아무도 없나요')).toHaveCount(0);
    await expect(composer(minho)).toHaveCount(0);
  });

  await test.step('they join by the card, and find what was said before', async () => {
    await minho.getByRole('button', { name: '참여하기' }).click();
    await expect(message(minho, '아무도 없나요')).toBeVisible();
    await expect(log(jisu).getByText('김민호님이 들어왔습니다')).toBeVisible();
    const members = jisu.getByRole('complementary', { name: '멤버' });
    await expect(members.getByRole('button', { name: '김민호' })).toContainText('접속 중');
  });

  await test.step('they talk both ways', async () => {
    await composer(minho).pressSequentially('저 있어요');
    await expect(jisu.getByText('김민호님이 입력 중')).toBeVisible();
    await minho.getByRole('button', { name: '보내기', exact: true }).click();
    await expect(message(jisu, '저 있어요')).toBeVisible();
    await composer(jisu).fill('반가워요');
    await composer(jisu).press('Enter');
    await expect(message(minho, '반가워요')).toBeVisible();
    await expect(composer(jisu)).toHaveValue('');
  });

  await test.step('an edit and a deletion reach the other', async () => {
    await message(jisu, '반가워요').hover();
    await message(jisu, '반가워요').getByRole('button', { name: '메시지 메뉴' }).click();
    await jisu.getByRole('menuitem', { name: '수정' }).click();
    await composer(jisu).fill('정말 반가워요');
    await composer(jisu).press('Enter');
    await expect(message(minho, '정말 반가워요')).toContainText('수정됨');

    await message(jisu, '아무도 없나요').hover();
    await message(jisu, '아무도 없나요').getByRole('button', { name: '메시지 메뉴' }).click();
    await jisu.getByRole('menuitem', { name: '삭제' }).click();
    await jisu.getByRole('dialog').getByRole('button', { name: '삭제' }).click();
    await expect(message(minho, '삭제된 메시지예요')).toBeVisible();
    await expect(minho.getByText('아무도 없나요')).toHaveCount(0);
  });

  await test.step('what comes while one is elsewhere is counted, and read when one comes back', async () => {
    await minho.getByRole('button', { name: '뒤로' }).click();
    await minho.getByRole('link', { name: /^채팅/u }).click();
    await say(jisu, '안 읽은 말');
    const row = minho.getByRole('link', { name: /알고리즘 스터디/u });
    await expect(row).toContainText('안 읽은 말');
    await expect(row).toContainText('안 읽은 메시지 1개');
    await row.click();
    await expect(message(minho, '안 읽은 말')).toBeVisible();
    await expect(log(minho).getByText('여기까지 읽으셨습니다')).toBeVisible();
    // A glance is not reading: the mark moves when the message has been before the eyes for a moment.
    await expect
      .poll(async () => {
        const answer = (await (await minho.request.get('/api/v1/me/rooms')).json()) as { rooms: { unread: number }[] };
        return answer.rooms.map(({ unread }) => unread);
      })
      .toEqual([0]);
    await minho.goBack();
    await expect(row).toBeVisible();
    await expect(row).not.toContainText('안 읽은 메시지');
  });

  await test.step('they write to each other directly', async () => {
    await jisu
      .getByRole('button', { name: /김민호/u })
      .last()
      .click();
    await jisu.getByRole('button', { name: '메시지 보내기' }).click();
    // The profile's card bears the same name: the new room is there when its own field is.
    await expect(jisu.getByRole('textbox', { name: '김민호에 보낼 메시지' })).toBeVisible();
    await say(jisu, '둘만의 이야기');
    await expect(message(jisu, '둘만의 이야기')).toBeVisible();
    const row = minho.getByRole('link', { name: /^최지수/u });
    await expect(row).toContainText('둘만의 이야기');
    await row.click();
    await expect(message(minho, '둘만의 이야기')).toBeVisible();
  });

  await test.step('one logs out and is a visitor again', async () => {
    await jisu.getByRole('button', { name: '내 메뉴' }).click();
    await jisu.getByRole('menuitem', { name: '로그아웃' }).click();
    await expect(jisu.getByRole('button', { name: '내 메뉴' })).toHaveCount(0);
    await jisu.goto('/');
    await expect(jisu.getByRole('link', { name: '로그인' }).first()).toBeVisible();
    await expect(jisu.getByText('둘만의 이야기')).toHaveCount(0);
  });
});

test('somebody logged out is asked to log in, and comes to the room they wanted', async ({ browser, maru }) => {
  const jisu = await open(browser, maru, desk);
  await signUp(jisu, 'jisu', '최지수');
  await createRoom(jisu, '누구나 오는 방', '동네');

  const minho = await open(browser, maru, phone);
  await signUp(minho, 'minho', '김민호');
  await minho.context().clearCookies();
  await minho.goto('/');
  await minho.getByRole('link', { name: /누구나 오는 방/u }).click();
  await minho.getByLabel('아이디', { exact: true }).fill('minho');
  await minho.getByLabel('비밀번호', { exact: true }).fill('wrong password');
  await minho.getByRole('button', { name: '로그인' }).click();
  await expect(minho.getByRole('alert')).toContainText('아이디나 비밀번호가 맞지 않아요');
  await minho.getByLabel('비밀번호', { exact: true }).fill('password of minho');
  await minho.getByRole('button', { name: '로그인' }).click();
  await expect(minho.getByRole('button', { name: '참여하기' })).toBeVisible();
});
