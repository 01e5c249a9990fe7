import { changeLang, useT } from '../../lib/i18n';
import type { Lang } from '../../lib/prefs';
import { toast } from '../../ui/Toast';

/** Changes the language, or says why it cannot. */
export function useChooseLang(): (lang: Lang) => void {
  const t = useT();
  return (lang) => void changeLang(lang).catch(() => toast(t.error.offline));
}
