import { Component, type ReactNode } from 'react';
import { useT } from '../lib/i18n';
import { ErrorState } from '../ui/States';

interface Props {
  /** Another place is another try. */
  place?: string;
  children: ReactNode;
}

/** A screen that fails to draw says so, and how to go on. */
export class Boundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidUpdate({ place }: Props) {
    if (this.state.failed && place !== this.props.place) this.setState({ failed: false });
  }

  override render() {
    return this.state.failed ? <Crashed /> : this.props.children;
  }
}

function Crashed() {
  const t = useT();
  return (
    <main id="main" className="grid min-h-full min-w-0 flex-1 place-items-center bg-paper">
      <ErrorState
        title={t.crash.title}
        text={t.crash.hint}
        action={t.crash.reload}
        onAction={() => location.reload()}
      />
    </main>
  );
}
