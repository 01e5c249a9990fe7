import { MessageCircle } from 'lucide-react';
import { useState } from 'react';
import { nameOf, useT } from '../../lib/i18n';
import { useOpenDirect } from '../../lib/people';
import { usePresence } from '../../lib/users';
import type { User } from '../../wire.gen';
import { Wrong } from '../../ui/Wrong';
import { Avatar } from '../../ui/Avatar';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';

/** Who somebody is, and the way to write to them. */
export function ProfileCard({ user, me, onClose }: { user: User | undefined; me: User; onClose: () => void }) {
  const t = useT();
  const [last, setLast] = useState(user);
  // While it fades away it still says who.
  if (user && user !== last) setLast(user);
  const shown = user ?? last;
  const present = usePresence((presence) => presence.online[shown?.id ?? ''] ?? false);
  const self = shown?.id === me.id;
  const words = [self && t.members.me, shown?.role === 'admin' && t.user.admin, present && !self && t.members.isOnline];
  return (
    <Dialog
      open={user !== undefined}
      onClose={onClose}
      face={
        shown && (
          <Avatar
            id={shown.id}
            name={nameOf(t, shown)}
            photo={shown.photo}
            size={64}
            online={present || self}
            ground="surface"
          />
        )
      }
      title={nameOf(t, shown)}
      lead={words.filter(Boolean).join(' · ')}
    >
      {shown && <Actions user={shown} self={self} onClose={onClose} />}
    </Dialog>
  );
}

function Actions({ user, self, onClose }: { user: User; self: boolean; onClose: () => void }) {
  const t = useT();
  const open = useOpenDirect(onClose);
  return (
    <>
      {open.error && <Wrong error={open.error} className="mt-3" />}
      <div className="mt-6 flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t.act.close}
        </Button>
        {!self && !user.deleted && (
          <Button
            icon={<MessageCircle size={18} strokeWidth={1.75} />}
            busy={open.isPending}
            onClick={() => open.mutate(user.id)}
          >
            {t.act.message}
          </Button>
        )}
      </div>
    </>
  );
}
