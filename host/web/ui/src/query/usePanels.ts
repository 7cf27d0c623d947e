/** The panels of the page, kept in its address. Each has an id for React that the address does not know. */
import { useEffect, useRef, useState } from "react";
import { navigate, useLocation } from "../router";
import { EMPTY_PANEL, type PanelState } from "./panel";
import { decodePanels, encodePanels, PANELS_MAX } from "./urlState";

export interface IdentifiedPanel {
  id: number;
  state: PanelState;
}

interface Panels {
  panels: IdentifiedPanel[];
  patch: (id: number, patch: Partial<PanelState>) => void;
  add: () => void;
  duplicate: (id: number) => void;
  remove: (id: number) => void;
  isFull: boolean;
}

export function usePanels(): Panels {
  const { page, search } = useLocation();
  const nextId = useRef(0);
  const identify = (state: PanelState): IdentifiedPanel => ({ id: nextId.current++, state });
  const [panels, setPanels] = useState(() => decodePanels(search).map(identify));
  const written = useRef(search);

  useEffect(() => {
    // Only an address that we did not write, by going back or by a link, replaces what is shown.
    if (search === written.current) return;
    written.current = search;
    setPanels((shown) =>
      decodePanels(search).map((state, index) => ({ id: shown[index]?.id ?? nextId.current++, state })),
    );
  }, [search]);

  const change = (next: IdentifiedPanel[]) => {
    const before = panels.map((each) => each.state.expr).join("\n");
    const after = next.map((each) => each.state.expr).join("\n");
    written.current = encodePanels(next.map((each) => each.state));
    setPanels(next);
    // A new expression is a step that one may want to go back from; a new range is not.
    navigate(page, written.current, { replace: before === after });
  };

  return {
    panels,
    patch: (id, patch) =>
      change(panels.map((each) => (each.id === id ? { id, state: { ...each.state, ...patch } } : each))),
    add: () => change([...panels, identify(EMPTY_PANEL)]),
    duplicate: (id) =>
      change(panels.flatMap((each) => (each.id === id ? [each, identify(each.state)] : [each]))),
    remove: (id) => change(panels.filter((each) => each.id !== id)),
    isFull: panels.length >= PANELS_MAX,
  };
}
