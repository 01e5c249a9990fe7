import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api } from '../../lib/api';
import { useT } from '../../lib/i18n';
import { lookAt, releasePhoto, type Photo } from '../../lib/photos';
import { setMe } from '../../lib/session';
import { upload } from '../../lib/upload';
import { learnUsers } from '../../lib/users';
import type { User } from '../../wire.gen';
import { Avatar } from '../../ui/Avatar';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { laterKit } from '../../ui/laterKit';
import { toast } from '../../ui/Toast';
import { Wrong } from '../../ui/Wrong';

const useCropper = laterKit(() => import('./Cropper'));

/** One's own photo: chosen, cut, changed, removed. */
export function FacePhoto({ me }: { me: User }) {
  const t = useT();
  const picker = useRef<HTMLInputElement>(null);
  const [photo, setPhoto] = useState<Photo>();
  const [progress, setProgress] = useState(0);
  const [removing, setRemoving] = useState(false);
  const abort = useRef<AbortController>(undefined);
  const learn = ({ user }: { user: User }) => {
    setMe(user);
    learnUsers([user]);
  };
  const save = useMutation({
    mutationFn: async (square: Blob) => {
      abort.current = new AbortController();
      setProgress(0);
      const image = await upload(square, { signal: abort.current.signal, onProgress: setProgress });
      return api.updateMe({ photoImageId: image.id });
    },
    onSuccess: (answer) => {
      learn(answer);
      close();
      toast(t.me.photoSaved);
    },
  });
  const remove = useMutation({
    mutationFn: () => api.updateMe({ photoImageId: null }),
    onSuccess: (answer) => {
      learn(answer);
      setRemoving(false);
      toast(t.me.photoRemoved);
    },
  });
  function close() {
    abort.current?.abort(new DOMException('closed', 'AbortError'));
    save.reset();
    setPhoto((now) => {
      // The dialog is painted once more while it goes.
      if (now) releasePhoto(now.key, 1000);
      return undefined;
    });
  }
  const take = async (file: File | undefined) => {
    if (!file) return;
    const looked = await lookAt(file);
    if (typeof looked !== 'string') setPhoto(looked);
    else toast(looked === 'too_large' ? t.photo.tooLarge(file.name) : t.photo.noImage(file.name));
  };
  const cropper = useCropper(photo !== undefined, close);
  return (
    <div className="flex flex-wrap items-center gap-4">
      <Avatar id={me.id} name={me.name} photo={me.photo} size={88} ground="surface" />
      <input
        ref={picker}
        type="file"
        accept="image/jpeg,image/png,image/gif,image/webp"
        hidden
        data-testid="face"
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          event.currentTarget.value = '';
        }}
      />
      <div role="group" aria-label={t.me.photo} className="flex flex-wrap gap-2">
        <Button look="plain" onClick={() => picker.current?.click()}>
          {me.photo ? t.me.changePhoto : t.me.addPhoto}
        </Button>
        {me.photo && (
          <Button look="quiet" onClick={() => setRemoving(true)}>
            {t.me.removePhoto}
          </Button>
        )}
      </div>
      <Dialog
        open={photo !== undefined && cropper !== undefined}
        onClose={close}
        title={t.me.crop}
        lead={t.me.cropHint}
      >
        {photo && cropper && (
          <>
            <cropper.Cropper
              photo={photo}
              progress={save.isPending ? progress : undefined}
              onDone={(square) => save.mutate(square)}
              onCancel={close}
            />
            {save.error && <Wrong error={save.error} />}
          </>
        )}
      </Dialog>
      <Dialog
        open={removing}
        onClose={() => setRemoving(false)}
        title={t.me.removePhotoTitle}
        lead={t.me.removePhotoHint}
      >
        {remove.error && <Wrong error={remove.error} />}
        <div className="mt-5 flex justify-end gap-2">
          <Button look="quiet" onClick={() => setRemoving(false)}>
            {t.act.cancel}
          </Button>
          <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
            {t.act.remove}
          </Button>
        </div>
      </Dialog>
    </div>
  );
}
