import { useEffect, useState, type ComponentType } from 'react';
import { arrived } from '../lib/arrivals';
import { useT } from '../lib/i18n';
import { Bar } from '../ui/Bar';
import { ErrorState } from '../ui/States';

/** A new page is asked for at most this often: where the server cannot be reached it would not help. */
const reloadEvery = 30_000;
const reloadedKey = 'maru:reloaded';

/** A chunk of an older build is gone after an upgrade; the page of the new build has the new one. Tells whether it reloads. */
function reloadOnce(): boolean {
  try {
    const last = Number(sessionStorage.getItem(reloadedKey) ?? 0);
    if (Date.now() - last < reloadEvery) return false;
    sessionStorage.setItem(reloadedKey, String(Date.now()));
  } catch {
    // Without a memory it could reload for ever.
    return false;
  }
  location.reload();
  return true;
}

/** A screen in a chunk of its own. Once loaded it is drawn at once, without a fallback in between. */
function screen<Props extends object>(name: string, load: () => Promise<ComponentType<Props>>) {
  let loaded: ComponentType<Props> | undefined;
  const isHere = () => {
    loaded ??= arrived(name) as ComponentType<Props> | undefined;
    return loaded !== undefined;
  };
  const preloadScreen = async () => {
    if (!isHere()) loaded = await load();
  };
  function Screen(props: Props) {
    const [Loaded, setLoaded] = useState(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Loaded || failed) return;
      let gone = false;
      load().then(
        (component) => {
          loaded = component;
          if (!gone) setLoaded(() => component);
        },
        () => {
          if (!gone && !reloadOnce()) setFailed(true);
        },
      );
      return () => {
        gone = true;
      };
    }, [Loaded, failed]);
    if (Loaded) return <Loaded {...props} />;
    return failed ? (
      <NotLoaded onRetry={() => setFailed(false)} />
    ) : (
      <main id="main" aria-busy="true" className="flex-1 bg-paper" />
    );
  }
  return Object.assign(Screen, { isHere, preload: preloadScreen });
}

function NotLoaded({ onRetry }: { onRetry: () => void }) {
  const t = useT();
  return (
    <main id="main" className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
      <Bar title={t.error.title} quiet />
      <ErrorState title={t.error.title} text={t.error.offline} action={t.act.retry} onAction={onRetry} />
    </main>
  );
}

export const Lobby = screen('Lobby', async () => (await import('../features/lobby/Lobby')).Lobby);
export const RoomScreen = screen('RoomScreen', async () => (await import('../features/room/RoomScreen')).RoomScreen);
export const LogIn = screen('LogIn', async () => (await import('../features/auth/LogIn')).LogIn);
export const SignUp = screen('SignUp', async () => (await import('../features/auth/SignUp')).SignUp);
export const Profile = screen('Profile', async () => (await import('../features/profile/Profile')).Profile);
export const People = screen('People', async () => (await import('../features/people/People')).People);

function screenOf(path: string) {
  const screens = { '/rooms/': RoomScreen, '/login': LogIn, '/signup': SignUp, '/me': Profile, '/people': People };
  return path === '/' ? Lobby : Object.entries(screens).find(([prefix]) => path.startsWith(prefix))?.[1];
}

/** Whether what an address shows can be drawn now. */
export const isHere = (path: string): boolean => screenOf(path)?.isHere() ?? true;

/** Loads the chunk that the first address needs. Where it does not come, the screen says so. */
export async function preload(path: string): Promise<void> {
  await screenOf(path)
    ?.preload()
    .catch(() => undefined);
}

/** Loads what people open next, once the first screen is there: opening it waits for nothing. */
export function preloadNext(): void {
  for (const next of [RoomScreen, Lobby]) void next.preload().catch(() => undefined);
}
