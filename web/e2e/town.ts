import type { Browser, Page } from '@playwright/test';
import { call, desk, enter, makeRoom, tell, type Device } from './maru';
import { landscape, show } from './pictured';

/** People, rooms and a conversation as a town has them, for pictures of the site. */
const people = {
  doyun: '이도윤',
  jisu: '최지수',
  minho: '김민호',
  seoyeon: '박서연',
  harin: '정하린',
  alex: 'Alex Kim',
};

export async function settle(
  browser: Browser,
  maru: { url: string },
): Promise<{ room: string; direct: string; strange: string }> {
  const all: Record<string, Page> = {};
  for (const [id, name] of Object.entries(people)) all[id] = await enter(browser, maru, desk, id, name);
  const { doyun, jisu, minho, seoyeon, harin, alex } = all;
  if (!doyun || !jisu || !minho || !seoyeon || !harin || !alex) throw new Error('somebody is missing');
  const study = { category: '스터디' };
  const hobby = { category: '취미' };
  const others = [minho, seoyeon, doyun, harin, alex];
  const room = await makeRoom(
    jisu,
    { ...study, name: '알고리즘 스터디', emoji: '📚', topic: '매주 일요일 7시, 문제 다섯 개' },
    ...others,
  );
  const strange = await makeRoom(alex, { ...study, name: '영어 회화', emoji: '🗣️', topic: '점심시간 30분 프리토킹' });
  await makeRoom(harin, { ...study, name: '선형대수 다시', emoji: '📐', topic: '스트랭 교재 3장 진행 중' });
  await makeRoom(seoyeon, { ...hobby, name: '밴드 합주방', emoji: '🎸', topic: '공연 D-12' }, doyun);
  await makeRoom(harin, { ...hobby, name: '식물 집사', emoji: '🪴', topic: '오늘의 새순 자랑하기' });
  const lunch = await makeRoom(minho, { category: '동네', name: '점심 뭐 먹지', emoji: '🍚' }, doyun);
  const run = await makeRoom(
    minho,
    { ...hobby, name: '한강 러닝 크루', emoji: '🏃', topic: '화·목 저녁, 초보 환영' },
    doyun,
  );
  await tell(jisu, room, '오늘 문제 다들 풀어 보셨나요? 세 번째가 어려웠어요.');
  await tell(minho, room, '저도요. 도윤 님 풀이가 궁금합니다');
  await tell(doyun, room, '세그먼트 트리로 풀었어요. 정리해서 올릴게요');
  await tell(doyun, room, 'O(n log n) 나옵니다');
  await show(seoyeon, maru.url, room, [landscape(840, 560, 20)], '스터디 끝나고 한강 어때요? 오늘 노을 예쁘대요');
  await tell(jisu, room, '좋아요 🙌 그럼 오늘 7시에 시작할까요?');
  for (let i = 0; i < 3; i += 1) await tell(minho, run, '내일 저녁 8시 여의나루역에서 만나요');
  await tell(minho, lunch, '국밥 갑니다');
  const me = await call<{ user: { id: string } }>(doyun, 'GET', '/me');
  const direct = await call<{ room: { id: string } }>(minho, 'PUT', `/directs/${me.user.id}`);
  await tell(minho, direct.room.id, '네 그때 봬요');
  for (const page of Object.values(all)) await page.context().close();
  return { room, direct: direct.room.id, strange };
}

interface View {
  maru: { url: string };
  browser: Browser;
  device: Device;
  theme: 'light' | 'dark';
  lang?: 'ko' | 'en';
  login?: boolean;
}

/** A page of Doyun's, or of a visitor. */
export async function view({ maru, browser, device, theme, lang = 'ko', login = true }: View): Promise<Page> {
  const context = await browser.newContext({ ...device, baseURL: maru.url, bypassCSP: true, reducedMotion: 'reduce' });
  await context.addCookies([
    { name: 'maru_theme', value: theme, url: maru.url },
    { name: 'maru_lang', value: lang, url: maru.url },
  ]);
  if (login) {
    const data = { loginId: 'doyun', password: 'password of doyun' };
    await context.request.post('/api/v1/session', { data, headers: { Origin: maru.url } });
  }
  const page = await context.newPage();
  // Not their first visit, on which the site's own letters come later.
  await page.goto('/');
  await page.getByRole('main').waitFor();
  return page;
}
