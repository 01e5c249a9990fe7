import { useInfiniteQuery, type InfiniteData } from '@tanstack/react-query';
import type { Message, RoomImage, RoomImagesAnswer } from '../wire.gen';
import { api } from './api';
import { queryClient } from './queryClient';
import { learnUsers } from './users';

const galleryKey = (roomId: string) => ['gallery', roomId] as const;

type Pages = InfiniteData<RoomImagesAnswer, number | undefined>;

/** A room's images, the newest first; more of them page by page. */
export function useGallery(roomId: string) {
  return useInfiniteQuery({
    queryKey: galleryKey(roomId),
    queryFn: async ({ pageParam }) => {
      const answer = await api.images(roomId, pageParam);
      learnUsers(answer.users);
      return answer;
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.hasMore ? last.images.at(-1)?.seq : undefined),
    select: ({ pages }) => pages.flatMap(({ images }) => images),
  });
}

/** A message came, changed or went: what is cached of its room's images follows it without asking. */
export function followImages(message: Message): void {
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
