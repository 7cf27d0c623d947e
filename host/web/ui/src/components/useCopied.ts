/** Puts texts on the clipboard, and knows for a moment that it did. */
import { useEffect, useState } from "react";

const SHOWN_MS = 1_500;

type Copied = "no" | "yes" | "failed";

export function useCopied(): [copied: Copied, copy: (text: string) => void] {
  const [copied, setCopied] = useState<Copied>("no");

  useEffect(() => {
    if (copied === "no") return;
    const timer = setTimeout(() => setCopied("no"), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  return [copied, (text) => void toClipboard(text).then((isCopied) => setCopied(isCopied ? "yes" : "failed"))];
}

async function toClipboard(text: string): Promise<boolean> {
  // Over plain HTTP browsers have no clipboard for pages, but still the old way.
  if (!window.isSecureContext) return copySelected(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("aria-hidden", "true");
  area.style.position = "fixed";
  area.style.opacity = "0";
  // A dialog holds the focus of what is in it.
  (before?.closest("[role=dialog]") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isCopied;
}
