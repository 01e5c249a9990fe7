import { useEffect, useState, type JSX } from 'react';

type Component = () => JSX.Element;

/** A screen in a chunk of its own. Once loaded it is drawn at once, without a fallback in between. */
function screen(load: () => Promise<Component>) {
  let loaded: Component | undefined;
  const preloadScreen = async () => {
    loaded ??= await load();
  };
  function Screen() {
    const [Loaded, setLoaded] = useState(() => loaded);
    useEffect(() => {
      if (Loaded) return;
      let gone = false;
      // A chunk of an older build is gone after an upgrade: the page of the new build has the new one.
      load().then(
        (component) => {
          loaded = component;
          if (!gone) setLoaded(() => component);
        },
        () => location.reload(),
      );
      return () => {
        gone = true;
      };
    }, [Loaded]);
    return Loaded ? <Loaded /> : <main id="main" aria-busy="true" className="flex-1 bg-paper" />;
  }
  return Object.assign(Screen, { preload: preloadScreen });
}

export const LogIn = screen(async () => (await import('../features/auth/LogIn')).LogIn);
export const SignUp = screen(async () => (await import('../features/auth/SignUp')).SignUp);
export const Profile = screen(async () => (await import('../features/profile/Profile')).Profile);

/** Loads the chunk that the first address needs. */
export async function preload(path: string): Promise<void> {
  if (path.startsWith('/login')) await LogIn.preload();
  else if (path.startsWith('/signup')) await SignUp.preload();
  else if (path.startsWith('/me')) await Profile.preload();
}
