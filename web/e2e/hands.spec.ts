import { composer, createRoom, desk, expect, message, open, phone, say, signUp, test } from './maru';

test('on a phone, back leads from the members to the room to where one came from, and a resting finger opens the menu', async ({
  browser,
  maru,
}) => {
  const page = await open(browser, maru, phone);
  await signUp(page, 'minho', '김민호');
  await createRoom(page, '알고리즘 스터디', '스터디');
  await say(page, '지울 말');
  await expect(message(page, '지울 말').locator('time')).toBeVisible();

  await page.getByRole('link', { name: '멤버' }).click();
  await expect(page.getByRole('heading', { name: '멤버 1' })).toBeVisible();
  await page.goBack();
  await expect(message(page, '지울 말')).toBeVisible();

  const words = message(page, '지울 말').getByText('지울 말');
  await words.dispatchEvent('pointerdown', { pointerType: 'touch', bubbles: true });
  await page.getByRole('dialog', { name: '메시지 메뉴' }).getByRole('button', { name: '삭제' }).click();
  await page.getByRole('dialog', { name: '메시지를 삭제할까요?' }).getByRole('button', { name: '취소' }).click();
  await expect(message(page, '지울 말')).toBeVisible();

  await page.goBack();
  await expect(page.getByRole('heading', { name: '전체 채팅방' })).toBeVisible();
});

test('on a phone Enter breaks the line, at a desk it sends and Shift+Enter breaks', async ({ browser, maru }) => {
  const hand = await open(browser, maru, phone);
  await signUp(hand, 'minho', '김민호');
  const room = await createRoom(hand, '두 줄', '시험');
  await composer(hand).fill('하나');
  await composer(hand).press('Enter');
  await composer(hand).pressSequentially('둘');
  await expect(composer(hand)).toHaveValue('하나\n둘');
  await hand.getByRole('button', { name: '보내기', exact: true }).click();
  await expect(message(hand, '하나')).toContainText('둘');

  const keys = await open(browser, maru, desk);
  await signUp(keys, 'jisu', '최지수');
  await keys.goto(`/rooms/${room}`);
  await keys.getByRole('button', { name: '참여하기' }).click();
  await composer(keys).fill('셋');
  await composer(keys).press('Shift+Enter');
  await composer(keys).pressSequentially('넷');
  await composer(keys).press('Enter');
  await expect(message(hand, '셋')).toContainText('넷');
  await expect(composer(keys)).toHaveValue('');
  // Up in an empty field edits the last own message; Escape leaves it as it was.
  await composer(keys).press('ArrowUp');
  await expect(composer(keys)).toHaveValue('셋\n넷');
  await composer(keys).press('Escape');
  await expect(composer(keys)).toHaveValue('');
});

test('a draft stays with its room', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await signUp(page, 'jisu', '최지수');
  await createRoom(page, '첫째 방', '시험');
  await createRoom(page, '둘째 방', '시험');
  await composer(page).fill('둘째에 쓰던 말');
  const row = (name: RegExp) => page.getByRole('navigation').getByRole('link', { name });
  await row(/첫째 방/u).click();
  await expect(composer(page)).toHaveValue('');
  await row(/둘째 방/u).click();
  await expect(composer(page)).toHaveValue('둘째에 쓰던 말');
});

test('a room that is not there, an address that is not there, and leaving a room', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await signUp(page, 'jisu', '최지수');
  await page.goto('/rooms/nothere');
  await expect(page.getByRole('heading', { name: '방을 찾을 수 없어요' })).toBeAttached();
  await createRoom(page, '떠날 방', '시험');
  await page.getByRole('button', { name: '방 메뉴' }).click();
  await page.getByRole('menuitem', { name: '나가기' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '나가기' }).click();
  await expect(page).toHaveURL(/\/$/u);
  await expect(page.getByRole('navigation').getByRole('link', { name: /떠날 방/u })).toHaveCount(0);
});

test('theme and language change at once and are there after a reload', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await signUp(page, 'jisu', '최지수');
  await page.getByRole('button', { name: '내 메뉴' }).click();
  await page.getByRole('menuitemradio', { name: '어둡게' }).click();
  await page.getByRole('menuitemradio', { name: 'English' }).click();
  await expect(page.getByRole('heading', { name: 'All rooms' })).toBeVisible();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.getByRole('heading', { name: 'All rooms' })).toBeVisible();
});

test('deleting the account asks for the password, says when it is wrong, and ends in the lobby', async ({
  browser,
  maru,
}) => {
  const page = await open(browser, maru, desk);
  await signUp(page, 'jisu', '최지수');
  await page.goto('/me');
  await page.getByRole('button', { name: '계정 삭제' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('비밀번호', { exact: true }).fill('not the password');
  await dialog.getByRole('button', { name: '삭제하기' }).click();
  await expect(dialog.getByRole('alert')).toContainText('맞지 않아요');
  await dialog.getByLabel('비밀번호', { exact: true }).fill('password of jisu');
  await dialog.getByRole('button', { name: '삭제하기' }).click();
  await expect(page.getByRole('link', { name: '로그인' }).first()).toBeVisible();
});
