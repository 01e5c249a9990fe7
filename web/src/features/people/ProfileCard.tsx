import { MessageCircle } from 'lucide-react';
import { useState } from 'react';
import { nameOf, useT, wordError } from '../../lib/i18n';
import { useOpenDirect } from '../../lib/people';
import { usePresence } from '../../lib/users';
import type { User } from '../../wire.gen';
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
  return (
    <Dialog open={user !== undefined} onClose={onClose} title={nameOf(t, shown)}>
      {shown && <Card user={shown} me={me} onClose={onClose} />}
    </Dialog>
  );
}

function Card({ user, me, onClose }: { user: User; me: User; onClose: () => void }) {
  const t = useT();
  const present = usePresence((presence) => presence.online[user.id] ?? false);
  const self = user.id === me.id;
  const open = useOpenDirect(onClose);
  const words = [self && t.members.me, user.role === 'admin' && t.user.admin, present && !self && t.members.isOnline];
  return (
    <>
      <div className="mt-4 flex items-center gap-4">
        <Avatar id={user.id} name={nameOf(t, user)} size={64} online={present || self} ground="surface" />
        <p className="text-label text-ink-2">{words.filter(Boolean).join(' · ')}</p>
      </div>
      {open.error && (
        <p role="alert" className="mt-3 text-small text-danger">
          {wordError(t, open.error)}
        </p>
      )}
      <div className="mt-5 flex justify-end gap-2">
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
