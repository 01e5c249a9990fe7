import { useMutation } from '@tanstack/react-query';
import { useT } from '../../lib/i18n';
import { Wrong } from '../../ui/Wrong';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';

interface Props {
  open: boolean;
  title: string;
  lead: string;
  action: string;
  /** What is done when they say yes. */
  act: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Ask({ open, title, lead, action, act, onClose }: Props) {
  return (
    <Dialog open={open} onClose={onClose} title={title} lead={lead}>
      <Answer action={action} act={act} onClose={onClose} />
    </Dialog>
  );
}

function Answer({ action, act, onClose }: Pick<Props, 'action' | 'act' | 'onClose'>) {
  const t = useT();
  const run = useMutation({ mutationFn: act, onSuccess: onClose });
  return (
    <>
      {run.error && <Wrong error={run.error} className="mt-3" />}
      <div className="mt-6 flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t.act.cancel}
        </Button>
        <Button look="danger" busy={run.isPending} onClick={() => run.mutate()}>
          {action}
        </Button>
      </div>
    </>
  );
}
