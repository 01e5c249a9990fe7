import { useRef, useState } from 'react';
import { Link, Redirect } from 'wouter';
import { arrive } from '../../lib/arrivals';
import { useT, wordFields } from '../../lib/i18n';
import { typed } from '../../lib/forms';
import { isTouch } from '../../lib/layout';
import { usePlace } from '../../lib/route';
import { useEnding, useMe } from '../../lib/session';
import { Wrong } from '../../ui/Wrong';
import { Button } from '../../ui/Button';
import { PasswordField, TextField } from '../../ui/TextField';
import { Frame, footLink } from './Frame';
import { useLogIn, useReturnTo } from './enter';

export function LogIn() {
  const t = useT();
  const me = useMe();
  const returnTo = useReturnTo();
  const place = usePlace();
  const reason = useEnding((ending) => ending.reason);
  const logIn = useLogIn();
  const form = useRef<HTMLFormElement>(null);
  const [missing, setMissing] = useState<Record<string, string>>({});
  if (me && !logIn.isPending) return <Redirect to={returnTo} replace />;

  const submit = () => {
    if (!form.current || logIn.isPending) return;
    const values = new FormData(form.current);
    const loginId = typed(values, 'loginId').trim();
    const password = typed(values, 'password');
    const empty = {
      ...(loginId === '' ? { loginId: t.field.required } : {}),
      ...(password === '' ? { password: t.field.required } : {}),
    };
    setMissing(empty);
    if (Object.keys(empty).length === 0) logIn.mutate({ loginId, password });
  };
  const fields: Record<string, string> = { ...wordFields(t, logIn.error), ...missing };

  return (
    <Frame
      title={t.auth.logInTitle}
      lead={t.auth.logInLead}
      foot={
        <>
          {t.auth.noAccount}{' '}
          <Link to="/signup" state={place} className={footLink}>
            {t.act.signUp}
          </Link>
        </>
      }
    >
      {reason && (
        <p role="status" className="mb-5 rounded-m bg-accent-tint px-3.5 py-2.5 text-label text-accent-ink">
          {t.auth.ended[reason]}
        </p>
      )}
      <form
        ref={form}
        noValidate
        action="/login"
        method="post"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        className="flex flex-col gap-4"
      >
        <TextField
          label={t.auth.loginId}
          name="loginId"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          ref={(field) => {
            if (field && !isTouch() && document.activeElement === document.body) field.focus();
          }}
          error={fields['loginId']}
        />
        <PasswordField
          label={t.auth.password}
          name="password"
          autoComplete="current-password"
          show={t.auth.show}
          hide={t.auth.hide}
          error={fields['password']}
        />
        {logIn.error && Object.keys(fields).length === 0 && <Wrong error={logIn.error} />}
        <Button type="submit" busy={logIn.isPending} className="mt-1 min-h-11">
          {t.act.logIn}
        </Button>
      </form>
    </Frame>
  );
}

arrive('LogIn', LogIn);
