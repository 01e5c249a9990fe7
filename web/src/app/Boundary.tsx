import { Component, type ReactNode } from 'react';
import { useT } from '../lib/i18n';
import { ErrorState } from '../ui/States';

/** A screen that fails to draw says so, and how to go on. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Crashed /> : this.props.children;
  }
}

function Crashed() {
  const t = useT();
  return (
    <div className="grid h-dvh">
      <ErrorState
        title={t.crash.title}
        text={t.crash.hint}
        action={t.crash.reload}
        onAction={() => location.reload()}
      />
    </div>
  );
}
