import { useT, wordError } from '../lib/i18n';
import { ErrorState } from './States';

/** Stands where something did not come: what happened, and another try. */
export function Failed({ error, onRetry }: { error: unknown; onRetry: () => unknown }) {
  const t = useT();
  return (
    <ErrorState title={t.error.title} text={wordError(t, error)} action={t.act.retry} onAction={() => void onRetry()} />
  );
}
