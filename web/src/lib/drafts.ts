const drafts = new Map<string, string>();

/** What was typed and not sent, by room. Nobody renders it, so a map is enough. */
export const draftOf = (roomId: string): string => drafts.get(roomId) ?? '';

export function keepDraft(roomId: string, text: string): void {
  if (text === '') drafts.delete(roomId);
  else drafts.set(roomId, text);
}

export const dropDrafts = (): void => drafts.clear();
