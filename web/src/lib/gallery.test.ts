import { InfiniteQueryObserver } from '@tanstack/react-query';
import { expect, it, vi } from 'vitest';
import type { Image, Message, RoomImagesAnswer } from '../wire.gen';
import { api } from './api';
import { byMonth, followed, followImages, galleryQuery } from './gallery';
import { queryClient } from './queryClient';

const image = (id: string): Image => ({
  id,
  width: 1,
  height: 1,
  contentType: 'image/png',
  size: 1,
  url: '',
  thumbUrl: '',
});

const page = (hasMore: boolean, ...images: [number, string][]): RoomImagesAnswer => ({
  images: images.map(([seq, id]) => ({ image: image(id), seq, senderId: 'u', sentAt: 't' })),
  users: [],
  hasMore,
});

const message = (seq: number, ...ids: string[]): Message => ({
  roomId: 'r',
  seq,
  rev: 99,
  kind: ids.length > 0 ? 'message' : 'deleted',
  senderId: 'u',
  sentAt: 't',
  ...(ids.length > 0 ? { images: ids.map(image) } : {}),
});

const ids = (pages: RoomImagesAnswer[]) => pages.map(({ images }) => images.map((one) => one.image.id).join(''));

const two = [page(true, [9, 'a'], [7, 'b']), page(true, [5, 'c'], [5, 'd'], [3, 'e'])];

it("puts them under their months, in the reader's own time", () => {
  const at = (...time: [number, number, number, number?]) => new Date(...time).toISOString();
  const sent = [at(2026, 11, 31, 23), at(2026, 11, 1, 0), at(2026, 10, 30, 23), at(2025, 10, 30)];
  const images = sent.map((sentAt, i) => ({ image: image(`${i}`), seq: 9 - i, senderId: 'u', sentAt }));
  expect(byMonth(images).map((one) => one.images.map(({ image }) => image.id).join(''))).toEqual(['01', '2', '3']);
  expect(byMonth([])).toEqual([]);
});

it('puts new images first, as their message has them', () => {
  expect(ids(followed(two, message(12, 'x', 'y')))).toEqual(['xyab', 'cde']);
  expect(ids(followed([page(false)], message(1, 'x')))).toEqual(['x']);
});

it('puts what was missed where it belongs, and nothing twice', () => {
  expect(ids(followed(two, message(8, 'x')))).toEqual(['axb', 'cde']);
  expect(ids(followed(two, message(6, 'x')))).toEqual(['ab', 'xcde']);
  expect(ids(followed(two, message(5, 'c', 'd')))).toEqual(['ab', 'cde']);
});

it('leaves what lies beyond the last page to the next one', () => {
  expect(ids(followed(two, message(2, 'x')))).toEqual(['ab', 'cde']);
  expect(ids(followed([two[0] as RoomImagesAnswer, page(false, [3, 'e'])], message(2, 'x')))).toEqual(['ab', 'ex']);
});

it('forgets the images of a deleted message', () => {
  expect(ids(followed(two, message(5)))).toEqual(['ab', 'e']);
  expect(ids(followed(two, message(4)))).toEqual(['ab', 'cde']);
});

it('loses nothing that happens while a page is under way', async () => {
  const answers: ((page: RoomImagesAnswer) => void)[] = [];
  vi.spyOn(api, 'images').mockImplementation(() => new Promise((resolve) => answers.push(resolve)));
  const observer = new InfiniteQueryObserver(queryClient, galleryQuery('r'));
  const stop = observer.subscribe(() => undefined);
  const shown = () =>
    observer
      .getCurrentResult()
      .data?.map((one) => one.image.id)
      .join('');

  // Sent after the server had read the first page, told before the page came.
  followImages(message(12, 'x'));
  answers[0]?.(page(true, [9, 'a'], [7, 'b']));
  await vi.waitFor(() => expect(shown()).toBe('xab'));

  // The next page brings the first one back as it was when it was asked for.
  const more = observer.fetchNextPage();
  followImages(message(9));
  followImages(message(5));
  followImages(message(13, 'y'));
  answers[1]?.(page(false, [5, 'c'], [3, 'e']));
  await more;
  await vi.waitFor(() => expect(shown()).toBe('yxbe'));
  stop();
});
