import { ArrowUp, Check, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { draftOf, keepDraft, whenDrafts } from '../../lib/drafts';
import { codePoints } from '../../lib/formats';
import { useT } from '../../lib/i18n';
import { useEnter } from '../../lib/ime';
import { isTouch } from '../../lib/layout';
import { outbox } from '../../lib/live';
import { sayTyping } from '../../lib/socket';
import type { Message } from '../../wire.gen';
import { cx } from '../../ui/cx';
import { tooltip } from '../../ui/Tooltip';

/** Code points in one message. */
const limit = 4000;
/** The rest is counted down from here. */
const countFrom = 3800;
const typingEvery = 3000;

interface Props {
  roomId: string;
  name: string;
  /** Stands in the empty field. */
  hint: string;
  editing: Message | undefined;
  /** What was edited is on its way. */
  saving: boolean;
  onSave: (message: Message, text: string) => void;
  onCancelEdit: () => void;
  /** Edits the last own message, if there is one. */
  onEditLast: () => void;
}

/** The field keeps its own text: nothing rewrites it while somebody composes a syllable. */
export function Composer({ roomId, name, hint, editing, saving, onSave, onCancelEdit, onEditLast }: Props) {
  const t = useT();
  const field = useRef<HTMLTextAreaElement>(null);
  const [length, setLength] = useState(() => codePoints(draftOf(roomId)));
  const [blank, setBlank] = useState(() => draftOf(roomId).trim() === '');
  const saidAt = useRef(0);

  const measure = (el: HTMLTextAreaElement) => {
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight, 200)}px`;
    el.style.overflowY = el.scrollHeight > 200 ? 'auto' : 'hidden';
    setLength(codePoints(el.value));
    setBlank(el.value.trim() === '');
  };

  const fill = (text: string) => {
    const el = field.current;
    if (!el) return;
    el.value = text;
    measure(el);
  };

  // Going into editing puts the message's text into the field, going out the draft.
  const edited = editing?.seq;
  const editedText = editing?.text;
  const wasEditing = useRef(false);
  useEffect(() => {
    const el = field.current;
    if (!el) return;
    if (edited !== undefined) {
      wasEditing.current = true;
      el.value = editedText ?? '';
      // A menu or a sheet holds the focus until it is gone.
      const timer = setTimeout(() => {
        el.focus();
        el.setSelectionRange(el.value.length, el.value.length);
      }, 50);
      measure(el);
      return () => clearTimeout(timer);
    }
    el.value = draftOf(roomId);
    measure(el);
    if (!isTouch() && (wasEditing.current || document.activeElement === document.body)) el.focus();
    wasEditing.current = false;
    return undefined;
  }, [edited, editedText, roomId]);

  // Drafts of an earlier page come a moment after the field; what was typed in it meanwhile stays.
  useEffect(
    () =>
      whenDrafts(() => {
        const el = field.current;
        if (el?.value !== '' || wasEditing.current) return;
        el.value = draftOf(roomId);
        measure(el);
      }),
    [roomId],
  );

  const submit = () => {
    const el = field.current;
    if (!el) return;
    const text = el.value.trim().normalize('NFC');
    if (text === '' || codePoints(text) > limit) return;
    if (editing) {
      onSave(editing, text);
      return;
    }
    // Cleared only because the outbox has it now.
    outbox.add(roomId, text);
    keepDraft(roomId, '');
    saidAt.current = 0;
    fill('');
  };

  const { isComposing, onKeyDown, composition } = useEnter<HTMLTextAreaElement>(submit);

  const over = length - limit;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
        field.current?.focus();
      }}
      className="mx-2.5 mb-[max(10px,env(safe-area-inset-bottom))] flex-none desk:mx-[18px] desk:mb-[18px]"
    >
      <div className="rounded-l border border-line bg-surface p-1.5 shadow-float transition-colors duration-120 has-[textarea:focus-visible]:border-focus has-[textarea:focus-visible]:outline-1 has-[textarea:focus-visible]:outline-focus">
        {editing && (
          <div className="flex items-center gap-2 pl-2.5 text-small font-medium text-accent">
            <span role="status" className="flex-1">
              {saving ? t.room.saving : t.room.editing}
            </span>
            <button
              type="button"
              aria-label={t.act.cancel}
              {...tooltip(t.act.cancel)}
              onClick={onCancelEdit}
              className="grid size-8 place-items-center rounded-s text-ink-2 hovering:hover:bg-sunken touch:size-11"
            >
              <X size={17} strokeWidth={1.75} />
            </button>
          </div>
        )}
        <div className="flex items-end gap-1">
          <textarea
            ref={field}
            rows={1}
            dir="auto"
            defaultValue={draftOf(roomId)}
            aria-label={t.room.composerLabel(name)}
            aria-invalid={over > 0 || undefined}
            placeholder={hint}
            enterKeyHint={isTouch() ? 'enter' : 'send'}
            autoComplete="off"
            {...composition}
            onKeyDown={(event) => {
              if (isTouch()) return;
              if (onKeyDown(event) || isComposing()) return;
              if (event.key === 'Escape' && editing) {
                event.preventDefault();
                onCancelEdit();
              }
              if (event.key === 'ArrowUp' && !editing && event.currentTarget.value === '') {
                event.preventDefault();
                onEditLast();
              }
            }}
            onInput={(event) => {
              const el = event.currentTarget;
              measure(el);
              if (editing) return;
              keepDraft(roomId, el.value);
              if (el.value.trim() !== '' && Date.now() - saidAt.current > typingEvery) {
                saidAt.current = Date.now();
                sayTyping(roomId);
              }
            }}
            className="min-h-[38px] min-w-0 flex-1 resize-none bg-transparent px-2.5 py-[7px] text-input leading-6 outline-none placeholder:text-ink-2 touch:min-h-11 touch:py-2.5"
          />
          <button
            type="submit"
            aria-label={editing ? t.act.save : t.act.send}
            {...tooltip(editing ? t.act.save : t.act.send)}
            disabled={blank || over > 0 || saving}
            className={cx(
              'grid size-[38px] flex-none place-items-center rounded-m transition-[background,color] duration-120 touch:size-11',
              blank || over > 0 || saving
                ? 'bg-sunken text-ink-3'
                : 'bg-accent text-on-accent hovering:hover:bg-accent-press active:bg-accent-press',
            )}
          >
            {editing ? <Check size={20} strokeWidth={2} /> : <ArrowUp size={20} strokeWidth={2} />}
          </button>
        </div>
        {length > countFrom && (
          <p role="status" className={cx('px-2.5 pb-1 text-right text-note', over > 0 ? 'text-danger' : 'text-ink-2')}>
            {over > 0 ? t.room.tooLong(over) : t.room.left(-over)}
          </p>
        )}
      </div>
    </form>
  );
}
