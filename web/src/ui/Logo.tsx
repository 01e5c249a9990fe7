/** Floorboards. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" className="flex-none fill-accent">
      <rect x="2" y="3" width="20" height="4.6" rx="1.6" />
      <rect x="2" y="9.7" width="12" height="4.6" rx="1.6" opacity=".75" />
      <rect x="15.6" y="9.7" width="6.4" height="4.6" rx="1.6" opacity=".45" />
      <rect x="2" y="16.4" width="6.4" height="4.6" rx="1.6" opacity=".45" />
      <rect x="10" y="16.4" width="12" height="4.6" rx="1.6" opacity=".75" />
    </svg>
  );
}
