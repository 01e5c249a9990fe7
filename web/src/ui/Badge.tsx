/** A number that wants to be seen; its meaning is said in words for those who do not see it. */
export function Badge({ count, label }: { count: number; label: string }) {
  if (count <= 0) return null;
  return (
    <span className="tabular flex-none rounded-full bg-accent px-[5.5px] text-center text-tiny leading-[18px] font-medium text-on-accent min-w-[18px]">
      <span aria-hidden="true">{count > 99 ? '99+' : count}</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
