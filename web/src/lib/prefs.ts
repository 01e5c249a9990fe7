import { create } from 'zustand';

export type Lang = 'ko' | 'en';
export type Theme = 'light' | 'dark' | 'system';

interface Prefs {
  lang: Lang;
  theme: Theme;
  /** The members panel of a wide screen is open. */
  panel: boolean;
}

export const usePrefs = create<Prefs>(() => ({
  lang: document.documentElement.lang === 'en' ? 'en' : 'ko',
  theme: readTheme(),
  panel: true,
}));

function readTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'dark' || theme === 'light' ? theme : 'system';
}

/** What the browser draws around the page, where its reader chose a theme: the page itself knows the system's alone. */
const around = { light: '#f3efe9', dark: '#1c1815' };
const metas = [...document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')];
const ofSystem = metas.map(({ content }) => content);

function colourAround(theme: Theme): void {
  for (const [i, meta] of metas.entries()) meta.content = theme === 'system' ? (ofSystem[i] ?? '') : around[theme];
}

colourAround(readTheme());

const year = 365 * 24 * 60 * 60;

/** The server reads these to send the page in the reader's language and theme. */
function keep(name: 'maru_lang' | 'maru_theme', value: string): void {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${name}=${value}; Path=/; SameSite=Lax; Max-Age=${year}${secure}`;
}

export function chooseLang(lang: Lang): void {
  keep('maru_lang', lang);
  showLang(lang);
}

export function chooseTheme(theme: Theme): void {
  keep('maru_theme', theme);
  showTheme(theme);
}

export function showLang(lang: Lang): void {
  document.documentElement.lang = lang;
  usePrefs.setState({ lang });
}

export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  colourAround(theme);
  usePrefs.setState({ theme });
}

export const togglePanel = (): void => usePrefs.setState((prefs) => ({ panel: !prefs.panel }));
