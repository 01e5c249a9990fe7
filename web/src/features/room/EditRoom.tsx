import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api } from '../../lib/api';
import { useT } from '../../lib/i18n';
import { readRoom, wordRoomFields } from '../../lib/roomForm';
import { applyRoom } from '../../lib/rooms';
import type { Room, UpdateRoom } from '../../wire.gen';
import { Wrong } from '../../ui/Wrong';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { EmojiField } from '../../ui/EmojiField';
import { TextField } from '../../ui/TextField';

/** Name, topic and emoji of a room, for who may change them. */
export function EditRoom({ room, open, onClose }: { room: Room; open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open={open} onClose={onClose} title={t.room.editRoom}>
      <Form room={room} onClose={onClose} />
    </Dialog>
  );
}

function Form({ room, onClose }: { room: Room; onClose: () => void }) {
  const t = useT();
  const form = useRef<HTMLFormElement>(null);
  const [emoji, setEmoji] = useState(room.emoji ?? '');
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const save = useMutation({
    mutationFn: (body: UpdateRoom) => api.updateRoom(room.id, body),
    onSuccess: (answer) => {
      applyRoom(answer.room, answer.membership);
      onClose();
    },
  });
  const submit = () => {
    if (!form.current || save.isPending) return;
    const { room: typed, wrong: found, valid } = readRoom(t, form.current, ['name', 'topic']);
    setWrong(found);
    if (valid) save.mutate({ ...typed, emoji });
  };
  const fields = { ...wordRoomFields(t, save.error), ...wrong };
  return (
    <form
      ref={form}
      noValidate
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      className="mt-5 flex flex-col gap-4"
    >
      <TextField label={t.create.name} name="name" defaultValue={room.name} error={fields['name']} />
      <TextField
        label={t.create.topic}
        note={t.create.optional}
        name="topic"
        defaultValue={room.topic}
        error={fields['topic']}
      />
      <EmojiField
        label={t.create.emoji}
        none={t.create.noEmoji}
        value={emoji}
        error={fields['emoji']}
        onChoose={setEmoji}
      />
      {save.error && Object.keys(fields).length === 0 && <Wrong error={save.error} />}
      <div className="mt-1 flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t.act.cancel}
        </Button>
        <Button type="submit" busy={save.isPending}>
          {t.act.save}
        </Button>
      </div>
    </form>
  );
}
