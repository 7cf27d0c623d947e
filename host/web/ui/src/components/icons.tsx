/** The few icons in use, drawn on a 16 by 16 grid. They are decoration: the control around them has the name. */
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const ChevronLeft = () => (
  <Icon>
    <path d="M10 3 5 8l5 5" />
  </Icon>
);

export const ChevronRight = () => (
  <Icon>
    <path d="m6 3 5 5-5 5" />
  </Icon>
);

export const ChevronDown = () => (
  <Icon>
    <path d="m4 6.5 4 4 4-4" />
  </Icon>
);

export const Minus = () => (
  <Icon>
    <path d="M3 8h10" />
  </Icon>
);

export const Plus = () => (
  <Icon>
    <path d="M3 8h10M8 3v10" />
  </Icon>
);

export const Clock = () => (
  <Icon>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 4.5V8l2.5 1.5" />
  </Icon>
);

export const Bell = () => (
  <Icon>
    <path d="M8 2a4 4 0 0 0-4 4c0 3.5-1.5 5-1.5 5h11S12 9.5 12 6a4 4 0 0 0-4-4M6.8 13.5a1.3 1.3 0 0 0 2.4 0" />
  </Icon>
);

export const Copy = () => (
  <Icon>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 3.5v-1h-8v8h1" />
  </Icon>
);

export const Cross = () => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);

export const Braces = () => (
  <Icon>
    <path d="M6 2.5c-2 0-2 1-2 2.5S4 8 2.5 8C4 8 4 9.5 4 11s0 2.5 2 2.5M10 2.5c2 0 2 1 2 2.5s0 3 1.5 3C12 8 12 9.5 12 11s0 2.5-2 2.5" />
  </Icon>
);

export const HalfDisc = () => (
  <Icon>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
  </Icon>
);

export const Search = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.5" />
    <path d="m10.5 10.5 3 3" />
  </Icon>
);

export const Dots = () => (
  <Icon>
    <path d="M8 3.5h.01M8 8h.01M8 12.5h.01" strokeWidth="2.4" />
  </Icon>
);

export const Chain = () => (
  <Icon>
    <path d="M6.5 9.5a2.5 2.5 0 0 0 3.6 0l2.6-2.6a2.5 2.5 0 0 0-3.6-3.6L8 4.4M9.5 6.5a2.5 2.5 0 0 0-3.6 0L3.3 9.1a2.5 2.5 0 0 0 3.6 3.6L8 11.6" />
  </Icon>
);

export const Info = () => (
  <Icon>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 7.5V11M8 5h.01" />
  </Icon>
);

export const Warning = () => (
  <Icon>
    <path d="M8 2.5 14 13H2zM8 6.5v3M8 11.2h.01" />
  </Icon>
);

export const Reload = () => (
  <Icon>
    <path d="M13.5 8A5.5 5.5 0 1 1 12 4.2M13.5 2v3h-3" />
  </Icon>
);
