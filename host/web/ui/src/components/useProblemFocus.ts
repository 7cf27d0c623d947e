import { useEffect, useRef, type RefObject } from "react";

/** After each try to send a form the keyboard goes to the first field that is wrong. */
export function useProblemFocus(tries: number): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);
  return form;
}
