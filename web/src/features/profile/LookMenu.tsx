import { Settings } from 'lucide-react';
import { useT } from '../../lib/i18n';
import { MenuButton } from '../../ui/Menu';
import { Choices } from './Choices';

/** Language and theme for who has no menu of their own. */
export function LookMenu({ side, className }: { side?: 'top' | 'bottom'; className?: string }) {
  const t = useT();
  return (
    <MenuButton
      label={t.me.look}
      icon={<Settings size={20} strokeWidth={1.75} />}
      {...(side ? { side } : {})}
      {...(className === undefined ? {} : { className })}
    >
      <Choices />
    </MenuButton>
  );
}
