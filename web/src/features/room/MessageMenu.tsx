import { Copy, Download, Image, Pencil, Trash2 } from 'lucide-react';
import { copyText } from '../../lib/clipboard';
import { useT } from '../../lib/i18n';
import type { Message, User } from '../../wire.gen';
import { MenuAt, MenuItem } from '../../ui/Menu';
import { toast } from '../../ui/Toast';

/** The message that was pressed, and the element beside which its menu opens. */
export interface Pressed {
  message: Message;
  beside: HTMLElement;
}

interface Props {
  pressed: Pressed | undefined;
  me: User;
  /** The reader owns the room. */
  owner: boolean;
  onView: (message: Message, index: number, from: HTMLElement) => void;
  onEdit: (message: Message) => void;
  onDelete: (message: Message) => void;
  onClose: () => void;
}

/** The browser keeps what a link of ours leads to. */
function save(url: string | undefined): void {
  const link = document.createElement('a');
  link.href = `${url}?download=1`;
  link.download = '';
  link.click();
}

/** What may be done with a message; the server's policy has the last word. One menu serves the whole log. */
export function MessageMenu({ pressed, me, owner, onView, onEdit, onDelete, onClose }: Props) {
  const t = useT();
  const message = pressed?.message;
  const own = message?.senderId === me.id;
  return (
    <MenuAt anchor={pressed?.beside} label={t.room.messageMenu} onClose={onClose}>
      {message?.images && (
        <MenuItem
          icon={<Image size={17} strokeWidth={1.75} />}
          onClick={() => pressed && onView(message, 0, pressed.beside)}
        >
          {t.photo.view}
        </MenuItem>
      )}
      {message?.images?.length === 1 && (
        <MenuItem icon={<Download size={17} strokeWidth={1.75} />} onClick={() => save(message.images?.[0]?.url)}>
          {t.photo.download}
        </MenuItem>
      )}
      {message?.text && (
        <MenuItem
          icon={<Copy size={17} strokeWidth={1.75} />}
          onClick={() =>
            void copyText(message.text ?? '').then((done) => toast(done ? t.room.copied : t.room.notCopied))
          }
        >
          {t.act.copy}
        </MenuItem>
      )}
      {message && own && (
        <MenuItem icon={<Pencil size={17} strokeWidth={1.75} />} onClick={() => onEdit(message)}>
          {t.act.edit}
        </MenuItem>
      )}
      {message && (own || owner || me.role === 'admin') && (
        <MenuItem danger icon={<Trash2 size={17} strokeWidth={1.75} />} onClick={() => onDelete(message)}>
          {t.act.delete}
        </MenuItem>
      )}
    </MenuAt>
  );
}
