/** How far something is, as a ring that closes. In the colour of its text. */
export function Ring({ fraction, size }: { fraction: number; size: number }) {
  const width = 3;
  const radius = (size - width) / 2;
  const around = 2 * Math.PI * radius;
  const circle = { cx: size / 2, cy: size / 2, r: radius, fill: 'none', stroke: 'currentColor', strokeWidth: width };
  return (
    <svg aria-hidden="true" width={size} height={size} className="-rotate-90">
      <circle {...circle} opacity={0.3} />
      <circle
        {...circle}
        strokeLinecap="round"
        strokeDasharray={around}
        // Never quite empty: something is under way.
        strokeDashoffset={around * (1 - Math.min(1, Math.max(0.04, fraction)))}
        className="transition-[stroke-dashoffset] duration-200 ease-out"
      />
    </svg>
  );
}
