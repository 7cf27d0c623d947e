/** The editor's look, by the same CSS variables as the rest, so that it follows the color scheme. */
import { EditorView } from "@codemirror/view";

export const editorTheme = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--mantine-color-text)", fontSize: "14px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.55", maxHeight: "40vh" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--mantine-color-text)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-placeholder": { color: "var(--mantine-color-placeholder)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--mantine-color-text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--nx-ember) 25%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "color-mix(in srgb, var(--nx-stalk) 35%, transparent)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--nx-surface)",
    border: "1px solid var(--nx-border)",
    borderRadius: "6px",
    boxShadow: "var(--mantine-shadow-md)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mantine-font-family-monospace)",
    fontSize: "13px",
    maxHeight: "320px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--mantine-primary-color-filled)",
    color: "white",
  },
  ".cm-completionDetail": { marginLeft: "1.2em", fontStyle: "normal", color: "var(--mantine-color-dimmed)" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-tooltip.cm-completionInfo": {
    padding: "8px 10px",
    maxWidth: "420px",
    fontFamily: "var(--mantine-font-family)",
    fontSize: "13px",
  },
  ".cm-diagnostic": { fontSize: "13px", padding: "6px 10px" },
});
