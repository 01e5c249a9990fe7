import { EllipsisVertical, LogOut, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../lib/api';
import { useT } from '../../lib/i18n';
import { useLayout } from '../../lib/layout';
import { dropRoom } from '../../lib/rooms';
import { useNavigate } from '../../lib/route';
import type { MyRoom, Room, User } from '../../wire.gen';
import { MenuButton, MenuItem } from '../../ui/Menu';
import { laterKit } from '../../ui/laterKit';
import { Ask } from './Ask';

const useEdit = laterKit(() => import('./EditRoom'));

type Asked = 'edit' | 'leave' | 'delete';

/** What a member may do with the room as a whole; its owner and an admin may more. */
export function RoomMenu({ room, mine, name, me }: { room: Room; mine: MyRoom; name: string; me: User }) {
  const t = useT();
  const layout = useLayout();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Asked>();
  const direct = room.kind === 'direct';
  const mayManage = !direct && (mine.membership.role === 'owner' || me.role === 'admin');
  const close = () => setAsked(undefined);
  const edit = useEdit(asked === 'edit', close);
  const goAway = () => {
    navigate(layout === 'phone' ? '/chats' : '/', { replace: true });
    dropRoom(room.id);
  };
  return (
    <>
      <MenuButton label={t.room.menu} icon={<EllipsisVertical size={20} strokeWidth={1.75} />}>
        {mayManage && (
          <MenuItem icon={<Pencil size={17} strokeWidth={1.75} />} onClick={() => setAsked('edit')}>
            {t.room.editRoom}
          </MenuItem>
        )}
        <MenuItem danger={!mayManage} icon={<LogOut size={17} strokeWidth={1.75} />} onClick={() => setAsked('leave')}>
          {t.act.leave}
        </MenuItem>
        {mayManage && (
          <MenuItem danger icon={<Trash2 size={17} strokeWidth={1.75} />} onClick={() => setAsked('delete')}>
            {t.room.deleteRoom}
          </MenuItem>
        )}
      </MenuButton>
      {mayManage && edit && <edit.EditRoom room={room} open={asked === 'edit'} onClose={close} />}
      <Ask
        open={asked === 'leave'}
        title={t.room.leaveTitle}
        lead={direct ? t.room.leaveDirectHint(name) : t.room.leaveHint(name)}
        action={t.act.leave}
        act={async () => {
          await api.leave(room.id);
          goAway();
        }}
        onClose={close}
      />
      <Ask
        open={asked === 'delete'}
        title={t.room.deleteRoomTitle}
        lead={t.room.deleteRoomHint(name)}
        action={t.act.remove}
        act={async () => {
          await api.deleteRoom(room.id);
          goAway();
        }}
        onClose={close}
      />
    </>
  );
}
