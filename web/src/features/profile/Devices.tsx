import { useMutation, useQuery } from '@tanstack/react-query';
import { Monitor, Smartphone } from 'lucide-react';
import { api } from '../../lib/api';
import { moment } from '../../lib/formats';
import { useLang, useT, wordError } from '../../lib/i18n';
import { queryClient } from '../../lib/queryClient';
import type { Session } from '../../wire.gen';
import { Failed } from '../../ui/Failed';
import { Button } from '../../ui/Button';
import { Skeleton } from '../../ui/States';
import { toast } from '../../ui/Toast';
import { deviceOf } from './deviceOf';
import { Section } from './Section';

const sessionsKey = ['sessions'] as const;

const useSessions = () =>
  useQuery({ queryKey: sessionsKey, queryFn: async () => (await api.sessions()).sessions, staleTime: 0 });

/** Where the user is logged in, and the way to end it from here. */
export function Devices() {
  const t = useT();
  const { data, error, refetch } = useSessions();
  return (
    <Section title={t.me.devices}>
      {!data && error && <Failed error={error} onRetry={refetch} />}
      {!data && !error && <Skeleton className="h-12 w-full" />}
      <ul className="-my-2 divide-y divide-line">
        {data?.map((session) => (
          <Device key={session.id} session={session} />
        ))}
      </ul>
    </Section>
  );
}

function Device({ session }: { session: Session }) {
  const t = useT();
  const lang = useLang();
  const end = useMutation({
    mutationFn: () => api.endSession(session.id),
    onSuccess: () => {
      queryClient.setQueryData<Session[]>(sessionsKey, (all) => all?.filter(({ id }) => id !== session.id));
      toast(t.me.deviceEnded);
    },
    onError: (error) => toast(wordError(t, error)),
  });
  const { name, phone } = deviceOf(session.userAgent, session.kind === 'program' ? t.me.program : t.me.browser);
  const Icon = phone ? Smartphone : Monitor;
  return (
    <li className="flex min-h-14 items-center gap-3 py-2">
      <Icon size={20} strokeWidth={1.75} aria-hidden="true" className="flex-none text-ink-2" />
      <span className="min-w-0 flex-1">
        <span className="block truncate text-label font-medium">{name}</span>
        <span className="block text-note text-ink-2">
          {session.current ? t.me.thisDevice : t.me.lastUsed(moment(lang, session.lastUsedAt))}
          {session.address !== undefined && ` · ${session.address}`}
        </span>
      </span>
      {!session.current && (
        <Button
          look="plain"
          busy={end.isPending}
          onClick={() => end.mutate()}
          aria-label={t.me.endDeviceOf(name)}
          className="text-label"
        >
          {t.me.endDevice}
        </Button>
      )}
    </li>
  );
}
