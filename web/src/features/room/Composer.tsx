import { ArrowUp, Check, ImagePlus, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { draftOf, keepDraft, whenDrafts } from '../../lib/drafts';
import { codePoints } from '../../lib/formats';
import { useT } from '../../lib/i18n';
import { useEnter } from '../../lib/ime';
import { isTouch } from '../../lib/layout';
import { outbox } from '../../lib/live';
import { sayTyping } from '../../lib/socket';
import { choose, empty, most, useTray } from '../../lib/tray';
import type { Message } from '../../wire.gen';
import { cx } from '../../ui/cx';
import { toast } from '../../ui/Toast';
import { tooltip } from '../../ui/Tooltip';
import { Tray } from './Tray';
import { useDroppedFiles } from './useFiles';

/** Code points in one message. */
const limit = 4000;
const none: readonly never[] = [];
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

/**
 * The field keeps its own text: nothing rewrites it while somebody composes a syllable. It has no default value either: React
 * writes each new one into the field, and a draft that it begins with would have the caret before it.
 */
export function Composer({ roomId, name, hint, editing, saving, onSave, onCancelEdit, onEditLast }: Props) {
  const t = useT();
  const field = useRef<HTMLTextAreaElement>(null);
  const [length, setLength] = useState(() => codePoints(draftOf(roomId)));
  const [blank, setBlank] = useState(() => draftOf(roomId).trim() === '');
  const saidAt = useRef(0);
  const picker = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  const tray = useTray(roomId);
  const chosen = editing ? none : tray;
  // What waiting does not end is to be taken out first; it says so.
  const stuck = chosen.some(({ trouble }) => trouble === 'unsupported_image' || trouble === 'image_too_large');
  const nothing = editing?.images ? false : blank && chosen.length === 0;

  const take = (files: File[]) => {
    void choose(roomId, files).then((refused) => {
      for (const one of refused.slice(0, 3)) {
        toast(
          one.why === 'too_many'
            ? t.photo.tooMany(most)
            : one.why === 'too_large'
              ? t.photo.tooLarge(one.name)
              : t.photo.noImage(one.name),
        );
      }
    });
    if (!isTouch()) field.current?.focus();
  };
  const over = useDroppedFiles(editing ? undefined : take);

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

  const { finish, onKeyDown, composition } = useEnter<HTMLTextAreaElement>(submit);

  // Going into editing puts the message's text into the field, going out the draft.
  const edited = editing?.seq;
  const editedText = editing?.text;
  const wasEditing = useRef(false);
  useEffect(() => {
    const el = field.current;
    if (!el) return;
    finish(el);
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
  }, [edited, editedText, roomId, finish]);

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

  function submit() {
    const el = field.current;
    if (!el) return;
    finish(el);
    const text = el.value.trim().normalize('NFC');
    if ((text === '' && nothing) || codePoints(text) > limit || stuck) return;
    if (editing) {
      onSave(editing, text);
      return;
    }
    // Cleared only because the outbox has it now.
    const photos = empty(roomId);
    outbox.add(roomId, text, photos);
    if (photos.length > 0) setSaid(t.photo.sendingSome(photos.length));
    keepDraft(roomId, '');
    saidAt.current = 0;
    fill('');
  }

  const beyond = length - limit;
  const off = nothing || beyond > 0 || saving || stuck;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
        field.current?.focus();
      }}
      className="mx-2.5 mb-[max(10px,env(safe-area-inset-bottom))] flex-none desk:mx-[18px] desk:mb-[max(18px,env(safe-area-inset-bottom))]"
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
        {over && (
          <div className="pointer-events-none absolute inset-2 z-30 grid place-items-center rounded-l border-2 border-dashed border-accent bg-paper/85 text-title font-medium text-accent desk:inset-4">
            <span className="flex items-center gap-2.5">
              <ImagePlus size={24} strokeWidth={1.75} aria-hidden="true" />
              {t.photo.drop}
            </span>
          </div>
        )}
        <Tray roomId={roomId} chosen={chosen} onEmpty={() => field.current?.focus()} />
        <div className="flex items-end gap-1">
          {!editing && (
            <>
              <input
                ref={picker}
                type="file"
                accept="image/jpeg,image/png,image/gif,image/webp"
                multiple
                hidden
                data-testid="photos"
                onChange={(event) => {
                  take([...(event.currentTarget.files ?? [])]);
                  // The same one may be chosen again.
                  event.currentTarget.value = '';
                }}
              />
              <button
                type="button"
                aria-label={t.photo.add}
                {...tooltip(t.photo.add)}
                onClick={() => picker.current?.click()}
                className="grid size-[38px] flex-none place-items-center rounded-m text-ink-2 transition-[background,color] duration-120 hovering:hover:bg-sunken hovering:hover:text-ink active:bg-sunken touch:size-11"
              >
                <ImagePlus size={21} strokeWidth={1.75} />
              </button>
            </>
          )}
          <textarea
            ref={field}
            data-begin=""
            rows={1}
            dir="auto"
            aria-label={t.room.composerLabel(name)}
            aria-invalid={beyond > 0 || undefined}
            placeholder={hint}
            enterKeyHint={isTouch() ? 'enter' : 'send'}
            autoComplete="off"
            {...composition}
            onKeyDown={(event) => {
              if (isTouch()) return;
              if (onKeyDown(event)) return;
              if (event.key === 'Escape' && editing) {
                event.preventDefault();
                onCancelEdit();
              }
              if (event.key === 'ArrowUp' && !editing && event.currentTarget.value === '') {
                event.preventDefault();
                onEditLast();
              }
            }}
            onPaste={(event) => {
              const { files, types } = event.clipboardData;
              // Where there are words too, the picture is only how they look.
              if (editing || files.length === 0 || types.includes('text/plain')) return;
              event.preventDefault();
              take([...files]);
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
            className="min-h-[38px] min-w-0 flex-1 resize-none bg-transparent px-1.5 py-[7px] text-input leading-6 outline-none placeholder:text-ink-2 touch:min-h-11 touch:py-2.5"
          />
          <button
            type="submit"
            aria-label={editing ? t.act.save : t.act.send}
            {...tooltip(editing ? t.act.save : t.act.send)}
            disabled={off}
            className={cx(
              'grid size-[38px] flex-none place-items-center rounded-m transition-[background,color] duration-120 touch:size-11',
              off
                ? 'bg-sunken text-ink-3'
                : 'bg-accent text-on-accent hovering:hover:bg-accent-press active:bg-accent-press',
            )}
          >
            {editing ? <Check size={20} strokeWidth={2} /> : <ArrowUp size={20} strokeWidth={2} />}
          </button>
        </div>
        {length > countFrom && (
          <p
            role="status"
            className={cx('px-2.5 pb-1 text-right text-note', beyond > 0 ? 'text-danger' : 'text-ink-2')}
          >
            {beyond > 0 ? t.room.tooLong(beyond) : t.room.left(-beyond)}
          </p>
        )}
        <p role="status" className="sr-only">
          {said}
        </p>
      </div>
    </form>
  );
}
