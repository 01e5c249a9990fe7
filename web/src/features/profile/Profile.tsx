import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Redirect } from 'wouter';
import { arrive } from '../../lib/arrivals';
import { api } from '../../lib/api';
import { codePoints } from '../../lib/formats';
import { typed } from '../../lib/forms';
import { useT, wordError, wordFields } from '../../lib/i18n';
import { leaveForGood } from '../../lib/live';
import { chooseTheme, usePrefs, type Lang, type Theme } from '../../lib/prefs';
import { setMe, useMe } from '../../lib/session';
import { learnUsers } from '../../lib/users';
import type { User } from '../../wire.gen';
import { Wrong } from '../../ui/Wrong';
import { Bar } from '../../ui/Bar';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { Dialog } from '../../ui/Dialog';
import { PasswordField, TextField } from '../../ui/TextField';
import { toast } from '../../ui/Toast';
import { Title } from '../../ui/Title';
import { Devices } from './Devices';
import { FacePhoto } from './FacePhoto';
import { logOut } from './entrance';
import { Section } from './Section';
import { useChooseLang } from './useChooseLang';

export function Profile() {
  const t = useT();
  const me = useMe();
  if (!me) return <Redirect to="/login" replace state={{ from: '/me' }} />;
  return (
    <main id="main" className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
      <Title>{t.me.title}</Title>
      <Bar before={<span className="w-1 desk:hidden" />} title={t.me.title} note={me.loginId} />
      <div className="scrollable min-h-0 flex-1">
        <div className="mx-auto flex max-w-[640px] flex-col gap-4 px-4 py-5">
          <Name me={me} />
          <Look />
          <Password />
          <Devices />
          <Account />
        </div>
      </div>
    </main>
  );
}

function Name({ me }: { me: User }) {
  const t = useT();
  const [problem, setProblem] = useState<string>();
  const save = useMutation({
    mutationFn: (name: string) => api.updateMe({ name }),
    onSuccess: ({ user }) => {
      setMe(user);
      learnUsers([user]);
      toast(t.me.nameSaved);
    },
  });
  const error = problem ?? wordFields(t, save.error)['name'];
  return (
    <Section title={t.me.profile}>
      <div className="mb-5">
        <FacePhoto me={me} />
      </div>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const name = typed(new FormData(event.currentTarget), 'name').trim().normalize('NFC');
          const found = name === '' ? t.field.required : codePoints(name) > 20 ? t.field.too_long : undefined;
          setProblem(found);
          if (found === undefined && name !== me.name) save.mutate(name);
        }}
        className="flex flex-col gap-4"
      >
        <TextField
          label={t.auth.name}
          name="name"
          defaultValue={me.name}
          autoComplete="nickname"
          hint={t.auth.nameHint}
          error={error}
        />
        {save.error && error === undefined && <Wrong error={save.error} />}
        <Button type="submit" look="plain" busy={save.isPending} className="self-end">
          {t.act.save}
        </Button>
      </form>
    </Section>
  );
}

function Look() {
  const t = useT();
  const { lang, theme } = usePrefs();
  const chooseLang = useChooseLang();
  const themes: [Theme, string][] = [
    ['light', t.prefs.light],
    ['dark', t.prefs.dark],
    ['system', t.prefs.system],
  ];
  const langs: [Lang, string][] = [
    ['ko', t.prefs.ko],
    ['en', t.prefs.en],
  ];
  return (
    <Section title={t.me.look}>
      <div className="flex flex-col gap-4">
        <Choice label={t.prefs.theme} options={themes} value={theme} onChoose={chooseTheme} />
        <Choice label={t.prefs.language} options={langs} value={lang} onChoose={chooseLang} />
      </div>
    </Section>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  options: [Value, string][];
  value: Value;
  onChoose: (value: Value) => void;
}

function Choice<Value extends string>({ label, options, value, onChoose }: ChoiceProps<Value>) {
  return (
    <div role="group" aria-label={label} className="flex flex-wrap items-center gap-2">
      <span className="w-16 text-label text-ink-2">{label}</span>
      {options.map(([one, word]) => (
        <Chip key={one} on={one === value} onClick={() => onChoose(one)}>
          {word}
        </Chip>
      ))}
    </div>
  );
}

function Password() {
  const t = useT();
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const change = useMutation({
    mutationFn: api.changePassword,
    onSuccess: () => {
      form.current?.reset();
      toast(t.me.passwordChanged);
    },
  });
  const fields: Record<string, string> = { ...wordFields(t, change.error), ...wrong };
  return (
    <Section title={t.me.password}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const values = new FormData(event.currentTarget);
          const current = typed(values, 'current');
          const next = typed(values, 'new');
          const found: Record<string, string> = {};
          if (current === '') found['current'] = t.field.required;
          if (next === '') found['new'] = t.field.required;
          else if (new TextEncoder().encode(next).length < 8) found['new'] = t.field.too_short;
          setWrong(found);
          if (Object.keys(found).length === 0) change.mutate({ current, new: next });
        }}
        className="flex flex-col gap-4"
      >
        <PasswordField
          label={t.me.currentPassword}
          name="current"
          autoComplete="current-password"
          show={t.auth.show}
          hide={t.auth.hide}
          error={fields['current']}
        />
        <PasswordField
          label={t.me.newPassword}
          name="new"
          autoComplete="new-password"
          hint={t.auth.passwordHint}
          show={t.auth.show}
          hide={t.auth.hide}
          error={fields['new']}
        />
        {change.error && Object.keys(fields).length === 0 && <Wrong error={change.error} />}
        <Button type="submit" look="plain" busy={change.isPending} className="self-end">
          {t.me.changePassword}
        </Button>
      </form>
    </Section>
  );
}

function Account() {
  const t = useT();
  const [deleting, setDeleting] = useState(false);
  const out = useMutation({ mutationFn: logOut });
  return (
    <Section title={t.me.account}>
      {out.error && <Wrong error={out.error} />}
      <div className="flex flex-wrap gap-2">
        <Button look="plain" busy={out.isPending} onClick={() => out.mutate()}>
          {t.act.logOut}
        </Button>
        <Button look="quiet" className="text-danger" onClick={() => setDeleting(true)}>
          {t.me.deleteAccount}
        </Button>
      </div>
      <Dialog open={deleting} onClose={() => setDeleting(false)} title={t.me.deleteTitle} lead={t.me.deleteHint}>
        <DeleteForm onClose={() => setDeleting(false)} />
      </Dialog>
    </Section>
  );
}

function DeleteForm({ onClose }: { onClose: () => void }) {
  const t = useT();
  const [missing, setMissing] = useState<string>();
  const remove = useMutation({
    mutationFn: (password: string) => leaveForGood(() => api.deleteMe({ password })),
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const password = typed(new FormData(event.currentTarget), 'password');
        setMissing(password === '' ? t.field.required : undefined);
        if (password !== '') remove.mutate(password);
      }}
      className="mt-5 flex flex-col gap-4"
    >
      <PasswordField
        label={t.auth.password}
        name="password"
        autoComplete="current-password"
        show={t.auth.show}
        hide={t.auth.hide}
        error={missing ?? (remove.error ? wordError(t, remove.error) : undefined)}
      />
      <div className="flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t.act.cancel}
        </Button>
        <Button type="submit" look="danger" busy={remove.isPending}>
          {t.act.remove}
        </Button>
      </div>
    </form>
  );
}

arrive('Profile', Profile);
