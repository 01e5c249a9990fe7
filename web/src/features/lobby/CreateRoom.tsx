import { useMutation } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
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
import { TextField } from '../../ui/TextField';
import { cx } from '../../ui/cx';

const emojis = ['💬', '📚', '💻', '🎮', '🎸', '🏃', '🍚', '☕', '🎬', '🪴', '✈️', '🏠'];

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
  const list = useId();
  const form = useRef<HTMLFormElement>(null);
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
    const [category, name, topic] = [read('category'), read('name'), read('topic')];
    const limit = (text: string, most: number): string | undefined =>
      text === '' ? t.field.required : codePoints(text) > most ? t.field.too_long : undefined;
    const found: Record<string, string> = {};
    for (const [field, problem] of [
      ['category', limit(category, 20)],
      ['name', limit(name, 40)],
      ['topic', codePoints(topic) > 200 ? t.field.too_long : undefined],
    ] as const) {
      if (problem !== undefined) found[field] = problem;
    }
    setWrong(found);
    if (Object.keys(found).length > 0) return;
    create.mutate({ category, name, ...(topic === '' ? {} : { topic }), ...(emoji === '' ? {} : { emoji }) });
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
      <TextField
        label={t.create.category}
        name="category"
        list={list}
        hint={t.create.categoryHint}
        error={fields['category']}
      />
      <datalist id={list}>
        {categories.map((category) => (
          <option key={category.id} value={category.name} />
        ))}
      </datalist>
      <TextField label={t.create.topic} note={t.create.optional} name="topic" error={fields['topic']} />
      <fieldset>
        <legend className="mb-1.5 text-label font-medium">{t.create.emoji}</legend>
        <div className="flex flex-wrap gap-1.5">
          {[...emojis, ''].map((one) => (
            <label
              key={one}
              className={cx(
                'grid h-10 min-w-10 cursor-pointer place-items-center rounded-m border text-[19px] has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus touch:h-11 touch:min-w-11',
                one === emoji ? 'border-accent bg-accent-tint' : 'border-line hovering:hover:bg-sunken',
              )}
            >
              <input
                type="radio"
                name="emoji"
                value={one}
                checked={one === emoji}
                onChange={() => setEmoji(one)}
                className="sr-only"
              />
              {one === '' ? (
                <span className={cx('px-2.5 text-small', one === emoji ? 'text-accent-ink' : 'text-ink-2')}>
                  {t.create.noEmoji}
                </span>
              ) : (
                one
              )}
            </label>
          ))}
        </div>
        {fields['emoji'] && (
          <p role="alert" className="mt-1.5 text-small text-danger">
            {fields['emoji']}
          </p>
        )}
      </fieldset>
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
