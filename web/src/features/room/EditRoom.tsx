import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api } from '../../lib/api';
import { codePoints } from '../../lib/formats';
import { typed } from '../../lib/forms';
import { useT, wordError, wordFields } from '../../lib/i18n';
import { Refusal } from '../../lib/problem';
import { applyRoom } from '../../lib/rooms';
import type { Room, UpdateRoom } from '../../wire.gen';
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
    const values = new FormData(form.current);
    const [name, topic] = ['name', 'topic'].map((field) => typed(values, field).trim().normalize('NFC'));
    const found: Record<string, string> = {};
    if (!name) found['name'] = t.field.required;
    else if (codePoints(name) > 40) found['name'] = t.field.too_long;
    if (codePoints(topic ?? '') > 200) found['topic'] = t.field.too_long;
    setWrong(found);
    if (Object.keys(found).length === 0) save.mutate({ name: name ?? '', topic: topic ?? '', emoji });
  };
  const taken = save.error instanceof Refusal && save.error.code === 'room_name_taken';
  const fields: Record<string, string> = {
    ...wordFields(t, save.error),
    ...(taken ? { name: t.error.room_name_taken } : {}),
    ...wrong,
  };
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
      {save.error && Object.keys(fields).length === 0 && (
        <p role="alert" className="text-small text-danger">
          {wordError(t, save.error)}
        </p>
      )}
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
