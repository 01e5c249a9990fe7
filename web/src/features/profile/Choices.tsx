import { useT } from '../../lib/i18n';
import { chooseTheme, usePrefs, type Lang, type Theme } from '../../lib/prefs';
import { MenuChoice } from '../../ui/Menu';
import { useChooseLang } from './useChooseLang';

/** Language and theme, inside a menu. */
export function Choices() {
  const t = useT();
  const { lang, theme } = usePrefs();
  const chooseLang = useChooseLang();
  return (
    <>
      <MenuChoice<Theme>
        label={t.prefs.theme}
        value={theme}
        onChoose={chooseTheme}
        options={[
          { value: 'light', label: t.prefs.light },
          { value: 'dark', label: t.prefs.dark },
          { value: 'system', label: t.prefs.system },
        ]}
      />
      <MenuChoice<Lang>
        label={t.prefs.language}
        value={lang}
        onChoose={chooseLang}
        options={[
          { value: 'ko', label: t.prefs.ko },
          { value: 'en', label: t.prefs.en },
        ]}
      />
    </>
  );
}
