import { useState } from 'react';
import { useT, wordError } from '../../lib/i18n';
import { putMessages, timelineOf } from '../../lib/messages';
import { ask } from '../../lib/socket';
import { useUser } from '../../lib/users';
import type { Message, MyRoom, Room, User } from '../../wire.gen';
import { toast } from '../../ui/Toast';
import { Ask } from './Ask';
import { Composer } from './Composer';
import { Log } from './Log';
import { TypingLine } from './TypingLine';

interface Props {
  room: Room;
  mine: MyRoom;
  name: string;
  me: User;
  covered: boolean;
  onProfile: (user: User) => void;
}

/** What is said in a room, and the place to say something. */
export function Conversation({ room, mine, name, me, covered, onProfile }: Props) {
  const t = useT();
  const peer = useUser(room.peer?.userId);
  const [editing, setEditing] = useState<Message>();
  const [saving, setSaving] = useState(false);
  const [deleting, setDeleting] = useState<Message>();
  const alone = room.peer?.left === true;

  const save = (message: Message, text: string) => {
    if (saving) return;
    if (text === message.text) {
      setEditing(undefined);
      return;
    }
    setSaving(true);
    ask('message:edit', { roomId: room.id, seq: message.seq, text })
      .then(
        (edited) => {
          putMessages(room.id, [edited.message]);
          setEditing(undefined);
        },
        // The text stays in the field for another try.
        (error: unknown) => toast(wordError(t, error)),
      )
      .finally(() => setSaving(false));
  };
  const editLast = () => {
    const last = timelineOf(room.id)?.messages.findLast((one) => one.kind === 'message' && one.senderId === me.id);
    if (last) setEditing(last);
  };

  return (
    <>
      <Log
        room={room}
        name={name}
        mine={mine}
        me={me}
        covered={covered}
        onProfile={onProfile}
        onEdit={setEditing}
        onDelete={setDeleting}
      />
      {alone && (
        <p role="note" className="mx-4 mt-2 rounded-m bg-sunken px-3.5 py-2 text-center text-small text-ink-2">
          {peer?.deleted ? t.room.peerDeleted : t.room.peerLeft(name)}
        </p>
      )}
      <TypingLine roomId={room.id} />
      {!peer?.deleted && (
        <Composer
          roomId={room.id}
          name={name}
          hint={alone ? t.room.composerPeerLeft(name) : t.room.composer}
          editing={editing}
          saving={saving}
          onSave={save}
          onCancelEdit={() => setEditing(undefined)}
          onEditLast={editLast}
        />
      )}
      <Ask
        open={deleting !== undefined}
        title={t.room.deleteTitle}
        lead={t.room.deleteHint}
        action={t.act.remove}
        act={async () => {
          if (!deleting) return;
          const { message } = await ask('message:delete', { roomId: room.id, seq: deleting.seq });
          putMessages(room.id, [message]);
          if (editing?.seq === deleting.seq) setEditing(undefined);
        }}
        onClose={() => setDeleting(undefined)}
      />
    </>
  );
}
