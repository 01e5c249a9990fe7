import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../lib/api';
import { codePoints } from '../../lib/formats';
import { typed } from '../../lib/forms';
import { useT, wordError, wordFields } from '../../lib/i18n';
import { useLobby } from '../../lib/lobby';
import { Refusal } from '../../lib/problem';
import { applyRoom, setRoom } from '../../lib/rooms';
import type { CreateRoom as Body } from '../../wire.gen';
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
      void navigate(`/rooms/${room.id}`);
    },
  });

  const submit = () => {
    if (!form.current || create.isPending) return;
    const values = new FormData(form.current);
    const read = (name: string) => typed(values, name).trim().normalize('NFC');
    const [newCategory, name, topic] = [category?.name ?? read('newCategory'), read('name'), read('topic')];
    const limit = (text: string, most: number): string | undefined =>
      text === '' ? t.field.required : codePoints(text) > most ? t.field.too_long : undefined;
    const found: Record<string, string> = {};
    for (const [field, problem] of [
      ['category', limit(newCategory, 20)],
      ['name', limit(name, 40)],
      ['topic', codePoints(topic) > 200 ? t.field.too_long : undefined],
    ] as const) {
      if (problem !== undefined) found[field] = problem;
    }
    setWrong(found);
    if (Object.keys(found).length > 0) return;
    create.mutate({
      category: newCategory,
      name,
      ...(topic === '' ? {} : { topic }),
      ...(emoji === '' ? {} : { emoji }),
    });
  };

  const taken = create.error instanceof Refusal && create.error.code === 'room_name_taken';
  const fields: Record<string, string> = {
    ...wordFields(t, create.error),
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
      <TextField label={t.create.name} name="name" error={fields['name']} />
      {categories.length > 0 && (
        <RadioChips
          label={t.create.category}
          name="category"
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
          name="newCategory"
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
      {create.error && Object.keys(fields).length === 0 && (
        <p role="alert" className="text-small text-danger">
          {wordError(t, create.error)}
        </p>
      )}
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
