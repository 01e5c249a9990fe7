import { useT, wordError } from '../lib/i18n';
import { cx } from './cx';

/** What went wrong with a form or a button, beside it. */
export function Wrong({ error, className }: { error: unknown; className?: string }) {
  const t = useT();
  return (
    <p role="alert" className={cx('text-small text-danger', className)}>
      {wordError(t, error)}
    </p>
  );
}
