import { infiniteQueryOptions, useInfiniteQuery, type InfiniteData } from '@tanstack/react-query';
import type { Message, RoomImage, RoomImagesAnswer } from '../wire.gen';
import { api } from './api';
import { monthOf } from './formats';
import { queryClient } from './queryClient';
import { learnUsers } from './users';

const galleryKey = (roomId: string) => ['gallery', roomId] as const;

type Pages = InfiniteData<RoomImagesAnswer, number | undefined>;

/** Pages under way, by room, with what changed meanwhile. */
const underWay = new Map<string, Set<Message[]>>();

async function fetchPage(roomId: string, before: number | undefined): Promise<RoomImagesAnswer> {
  const arrivals: Message[] = [];
  const fetches = underWay.get(roomId) ?? new Set();
  underWay.set(roomId, fetches.add(arrivals));
  try {
    const answer = await api.images(roomId, before);
    learnUsers(answer.users);
    // The cache takes this page in a moment, beside the others as they were when it was asked for.
    setTimeout(() => arrivals.forEach(follow));
    return answer;
  } finally {
    fetches.delete(arrivals);
  }
}

export const galleryQuery = (roomId: string) =>
  infiniteQueryOptions({
    queryKey: galleryKey(roomId),
    queryFn: ({ pageParam }) => fetchPage(roomId, pageParam),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.hasMore ? last.images.at(-1)?.seq : undefined),
    select: ({ pages }: Pages) => pages.flatMap(({ images }) => images),
  });

/** A room's images, the newest first; more of them page by page. */
export const useGallery = (roomId: string) => useInfiniteQuery(galleryQuery(roomId));

/** Images of one month, in their order. */
export interface Month {
  readonly month: number;
  /** When one of them was sent. */
  readonly at: string;
  readonly images: readonly RoomImage[];
}

export function byMonth(images: readonly RoomImage[]): Month[] {
  const months: (Month & { images: RoomImage[] })[] = [];
  for (const one of images) {
    const month = monthOf(one.sentAt);
    const last = months.at(-1);
    if (last?.month === month) last.images.push(one);
    else months.push({ month, at: one.sentAt, images: [one] });
  }
  return months;
}

/** A message came, changed or went: what is cached of its room's images follows it without asking. */
export function followImages(message: Message): void {
  for (const arrivals of underWay.get(message.roomId) ?? []) arrivals.push(message);
  follow(message);
}

function follow(message: Message): void {
  const { seq, images = [] } = message;
  queryClient.setQueryData<Pages>(galleryKey(message.roomId), (cached) => {
    // Most messages have none, and had none.
    const known = cached?.pages.some((page) => page.images.some((one) => one.seq === seq)) ?? false;
    if (!cached || (images.length === 0 && !known)) return cached;
    return { ...cached, pages: followed(cached.pages, message) };
  });
}

export function followed(pages: readonly RoomImagesAnswer[], message: Message): RoomImagesAnswer[] {
  const { seq } = message;
  const now: RoomImage[] = (message.images ?? []).map((image) => ({
    image,
    seq,
    senderId: message.senderId ?? '',
    sentAt: message.sentAt ?? '',
  }));
  // What lies beyond the last page comes with the next one.
  const end = pages.at(-1);
  if (end?.hasMore && seq < (end.images.at(-1)?.seq ?? 0)) return [...pages];
  let placed = now.length === 0;
  const next = pages.map((page) => {
    const rest = page.images.filter((one) => one.seq !== seq);
    if (placed) return { ...page, images: rest };
    const at = rest.findIndex((one) => one.seq < seq);
    if (at < 0 && page !== end) return { ...page, images: rest };
    placed = true;
    return { ...page, images: at < 0 ? [...rest, ...now] : [...rest.slice(0, at), ...now, ...rest.slice(at)] };
  });
  return next;
}

/** What is cached may lack what happened meanwhile, or may not be seen any more. */
export const dropGallery = (roomId?: string): void =>
  void queryClient.resetQueries({ queryKey: roomId === undefined ? ['gallery'] : galleryKey(roomId) });
