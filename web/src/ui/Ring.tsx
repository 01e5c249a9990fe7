import { X } from 'lucide-react';

interface Props {
  /** 0 to 1. */
  value: number;
  label: string;
  cancel?: { label: string; act: () => void } | undefined;
}

const radius = 19;
const round = 2 * Math.PI * radius;

/** How far something has come, with its end in the middle. */
export function Ring({ value, label, cancel }: Props) {
  return (
    <span className="relative grid size-12 place-items-center rounded-full bg-[rgb(20_16_12/0.62)] text-[#fff]">
      <svg
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * value)}
        viewBox="0 0 48 48"
        className="absolute inset-0 size-full -rotate-90"
      >
        <circle cx="24" cy="24" r={radius} fill="none" stroke="currentColor" strokeWidth="3" opacity="0.25" />
        <circle
          cx="24"
          cy="24"
          r={radius}
          fill="none"
          stroke="currentColor"
          strokeWidth="3"
          strokeLinecap="round"
          strokeDasharray={round}
          strokeDashoffset={round * (1 - Math.max(0.04, value))}
          className="transition-[stroke-dashoffset] duration-150"
        />
      </svg>
      {cancel && (
        <button
          type="button"
          aria-label={cancel.label}
          onClick={cancel.act}
          className="relative grid size-12 place-items-center rounded-full touch:size-12"
        >
          <X size={18} strokeWidth={2} />
        </button>
      )}
    </span>
  );
}
