import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api } from '../../lib/api';
import { useT } from '../../lib/i18n';
import { useLobby } from '../../lib/lobby';
import { readRoom, wordRoomFields } from '../../lib/roomForm';
import { applyRoom, setRoom } from '../../lib/rooms';
import { useNavigate } from '../../lib/route';
import type { CreateRoom as Body } from '../../wire.gen';
import { Wrong } from '../../ui/Wrong';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { EmojiField } from '../../ui/EmojiField';
import { RadioChips } from '../../ui/RadioChips';
import { TextField } from '../../ui/TextField';

/** The choice of a category that is not there yet; ids are never empty. */
const another = '';

export function CreateRoom({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open={open} onClose={onClose} title={t.create.title}>
      <Form onClose={onClose} />
    </Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const categories = useLobby().data ?? [];
  const form = useRef<HTMLFormElement>(null);
  const [chosen, setChosen] = useState<string>();
  // Until one is chosen it is the first, also when categories come while the form is open.
  const category = categories.find(({ id }) => id === chosen) ?? (chosen === another ? undefined : categories[0]);
  const [emoji, setEmoji] = useState('💬');
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const create = useMutation({
    mutationFn: (body: Body) => api.createRoom(body),
    onSuccess: ({ room, membership }) => {
      setRoom({ room, membership });
      applyRoom(room, membership);
      onClose();
      navigate(`/rooms/${room.id}`);
    },
  });

  const submit = () => {
    if (!form.current || create.isPending) return;
    const fieldsOf = category ? (['name', 'topic'] as const) : (['category', 'name', 'topic'] as const);
    const { room, wrong: found, valid } = readRoom(t, form.current, fieldsOf);
    setWrong(found);
    if (!valid) return;
    const { name, topic } = room;
    create.mutate({
      category: category?.name ?? room.category,
      name,
      ...(topic === '' ? {} : { topic }),
      ...(emoji === '' ? {} : { emoji }),
    });
  };
  const fields = { ...wordRoomFields(t, create.error), ...wrong };

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
      <TextField label={t.create.name} name="name" error={fields['name']} />
      {categories.length > 0 && (
        <RadioChips
          label={t.create.category}
          name="chosen"
          value={category?.id ?? another}
          options={[
            ...categories.map(({ id, name }) => ({ value: id, label: name })),
            { value: another, label: t.create.newCategory },
          ]}
          onChoose={setChosen}
          className="scrollable -m-1 max-h-[140px] p-1"
        />
      )}
      {!category && (
        <TextField
          label={t.create.categoryName}
          name="category"
          hint={t.create.categoryHint}
          error={fields['category']}
        />
      )}
      <TextField label={t.create.topic} note={t.create.optional} name="topic" error={fields['topic']} />
      <EmojiField
        label={t.create.emoji}
        none={t.create.noEmoji}
        value={emoji}
        error={fields['emoji']}
        onChoose={setEmoji}
      />
      {create.error && Object.keys(fields).length === 0 && <Wrong error={create.error} />}
      <div className="mt-1 flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t.act.cancel}
        </Button>
        <Button type="submit" busy={create.isPending}>
          {t.create.submit}
        </Button>
      </div>
    </form>
  );
}
