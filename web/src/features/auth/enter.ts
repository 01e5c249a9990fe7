import { useMutation } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { goLive } from '../../lib/live';
import { fetchMyRooms } from '../../lib/rooms';
import { useNavigate, usePlace } from '../../lib/route';
import { setMe } from '../../lib/session';
import type { LogIn, SignUp, UserAnswer } from '../../wire.gen';

/** Where the visitor was going when they were asked to log in. Only addresses of our own. */
export function useReturnTo(): string {
  const { from } = usePlace();
  return from !== undefined && /^\/(?!\/)/.test(from) ? from : '/';
}

function useEntrance<Body>(call: (body: Body) => Promise<UserAnswer>) {
  const navigate = useNavigate();
  const returnTo = useReturnTo();
  return useMutation({
    mutationFn: async (body: Body) => {
      const { user } = await call(body);
      // The rooms come before the first logged-in paint, so that it is already right.
      await fetchMyRooms().catch(() => undefined);
      setMe(user);
      goLive();
    },
    onSuccess: () => navigate(returnTo, { replace: true }),
  });
}

export const useLogIn = () => useEntrance<LogIn>(api.logIn);
export const useSignUp = () => useEntrance<SignUp>(api.signUp);
