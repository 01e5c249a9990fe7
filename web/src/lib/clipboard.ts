/** Deprecated, and the only way without a secure context. */
interface OldDocument {
  execCommand: (command: 'copy') => boolean;
}

/** Copies text; tells whether it did. On plain http there is no navigator.clipboard: there a field is selected and copied. */
export async function copyText(text: string): Promise<boolean> {
  // Typed as always there; outside secure contexts it is not.
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (clipboard) {
    try {
      await clipboard.writeText(text);
      return true;
    } catch {
      // Refused by the browser's policy: the old way may still work.
    }
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.className = 'sr-only';
  const before = document.activeElement;
  document.body.append(field);
  field.select();
  try {
    return (document as unknown as OldDocument).execCommand('copy');
  } finally {
    field.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
