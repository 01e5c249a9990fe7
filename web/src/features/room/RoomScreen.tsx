import { Link, Redirect, useParams } from 'wouter';
import { arrive } from '../../lib/arrivals';
import { useT } from '../../lib/i18n';
import { Refusal } from '../../lib/problem';
import { useRoom } from '../../lib/rooms';
import { usePath } from '../../lib/route';
import { useMe } from '../../lib/session';
import type { User } from '../../wire.gen';
import { Failed } from '../../ui/Failed';
import { Bar } from '../../ui/Bar';
import { buttonClass } from '../../ui/Button';
import { EmptyState, Skeleton } from '../../ui/States';
import { Title } from '../../ui/Title';
import { Back } from './Header';
import { OpenRoom } from './OpenRoom';

export interface RoomScreenProps {
  /** The members stand before the conversation, where there is no space beside it. */
  members: boolean;
  onProfile: (user: User) => void;
}

/** One room, as far as its reader may see it. */
export function RoomScreen(props: RoomScreenProps) {
  const { id = '' } = useParams<{ id?: string }>();
  const me = useMe();
  const path = usePath();
  // Whoever is not logged in is asked to, and comes back here.
  if (!me) return <Redirect to="/login" replace state={{ from: path }} />;
  return <Found key={id} id={id} me={me} {...props} />;
}

function Found({ id, me, ...rest }: RoomScreenProps & { id: string; me: User }) {
  const t = useT();
  const { answer, mine, error, refetch } = useRoom(id);
  if (answer) return <OpenRoom room={answer.room} mine={mine} me={me} {...rest} />;
  const gone = error instanceof Refusal && ['not_found', 'forbidden', 'invalid'].includes(error.code);
  const title = error ? (gone ? t.room.gone : t.error.title) : t.room.opening;
  return (
    <main id="main" aria-busy={!error} className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
      <Title>{title}</Title>
      <Bar
        before={
          <span className="desk:hidden">
            <Back to="/chats" />
          </span>
        }
        title={title}
        quiet
      />
      {!error && (
        <div className="flex flex-col gap-3 px-4 py-5 desk:px-[22px]">
          {['w-3/5', 'w-2/5', 'w-1/2'].map((width) => (
            <Skeleton key={width} className={`h-10 rounded-bubble ${width}`} />
          ))}
        </div>
      )}
      {gone && (
        <EmptyState title={t.room.gone} hint={t.room.goneHint}>
          <Link to="/" className={buttonClass('primary')}>
            {t.act.toLobby}
          </Link>
        </EmptyState>
      )}
      {error && !gone && <Failed error={error} onRetry={refetch} />}
    </main>
  );
}

arrive('RoomScreen', RoomScreen);
