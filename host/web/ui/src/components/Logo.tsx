/** The hollow stalk that carries the ember. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <g fill="none" stroke="var(--nx-stalk)" strokeWidth="3" strokeLinecap="round">
        <path d="M9.5 29.5V15M22.5 29.5V15" />
        <path d="M9.5 23.5h3M22.5 23.5h-3" />
      </g>
      <path
        d="M16 2c.5 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-4 2-5 0 1 .5 2 1.5 2.5C14.5 8 14.5 5 16 2Z"
        fill="var(--nx-ember)"
      />
      <circle cx="16" cy="14" r="2.2" fill="var(--nx-ember-core)" />
    </svg>
  );
}
