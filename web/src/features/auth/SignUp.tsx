import { useRef, useState } from 'react';
import { Link, Redirect } from 'wouter';
import { arrive } from '../../lib/arrivals';
import { codePoints } from '../../lib/formats';
import { typed } from '../../lib/forms';
import { useT, wordFields } from '../../lib/i18n';
import { usePlace } from '../../lib/route';
import { useMe } from '../../lib/session';
import { useSite } from '../../lib/site';
import { Refusal } from '../../lib/problem';
import { Wrong } from '../../ui/Wrong';
import { Button } from '../../ui/Button';
import { PasswordField, TextField } from '../../ui/TextField';
import { Frame, footLink } from './Frame';
import { useReturnTo, useSignUp } from './enter';

type Fields = Record<string, string>;

export function SignUp() {
  const t = useT();
  const me = useMe();
  const returnTo = useReturnTo();
  const place = usePlace();
  const closed = useSite((site) => site.signUp === 'closed');
  const signUp = useSignUp();
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState<Fields>({});
  if (me && !signUp.isPending) return <Redirect to={returnTo} replace />;

  /** What can be said without asking the server; the server's word comes after. */
  const check = (loginId: string, name: string, password: string): Fields => {
    const found: Fields = {};
    if (loginId === '') found['loginId'] = t.field.required;
    else if (!/^[a-z0-9_.-]{3,32}$/i.test(loginId)) found['loginId'] = t.auth.loginIdHint;
    if (name === '') found['name'] = t.field.required;
    else if (codePoints(name) > 20) found['name'] = t.field.too_long;
    if (password === '') found['password'] = t.field.required;
    else if (new TextEncoder().encode(password).length < 8) found['password'] = t.field.too_short;
    return found;
  };

  const submit = () => {
    if (!form.current || signUp.isPending) return;
    const values = new FormData(form.current);
    const loginId = typed(values, 'loginId').trim();
    const name = typed(values, 'name').trim().normalize('NFC');
    const password = typed(values, 'password');
    const found = check(loginId, name, password);
    setWrong(found);
    if (Object.keys(found).length === 0) signUp.mutate({ loginId, name, password });
  };

  const taken = signUp.error instanceof Refusal && signUp.error.code === 'login_id_taken';
  const fields: Fields = {
    ...wordFields(t, signUp.error),
    ...(taken ? { loginId: t.error.login_id_taken } : {}),
    ...wrong,
  };

  return (
    <Frame
      title={t.auth.signUpTitle}
      lead={closed ? t.auth.closed : t.auth.signUpLead}
      foot={
        <>
          {t.auth.haveAccount}{' '}
          <Link to="/login" state={place} className={footLink}>
            {t.act.logIn}
          </Link>
        </>
      }
    >
      {!closed && (
        <form
          ref={form}
          noValidate
          action="/signup"
          method="post"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
          className="flex flex-col gap-4"
        >
          <TextField
            label={t.auth.name}
            name="name"
            autoComplete="nickname"
            hint={t.auth.nameHint}
            error={fields['name']}
          />
          <TextField
            label={t.auth.loginId}
            name="loginId"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            hint={t.auth.loginIdHint}
            error={fields['loginId']}
          />
          <PasswordField
            label={t.auth.password}
            name="password"
            autoComplete="new-password"
            hint={t.auth.passwordHint}
            show={t.auth.show}
            hide={t.auth.hide}
            error={fields['password']}
          />
          {signUp.error && Object.keys(fields).length === 0 && <Wrong error={signUp.error} />}
          <Button type="submit" busy={signUp.isPending} className="mt-1 min-h-11">
            {t.act.signUp}
          </Button>
        </form>
      )}
    </Frame>
  );
}

arrive('SignUp', SignUp);
