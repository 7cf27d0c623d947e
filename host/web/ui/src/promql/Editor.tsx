import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import { editorTheme } from "./editorTheme";
import { promqlLanguage } from "./language";

export interface EditorHandle {
  focus: () => void;
  /** Puts text in place of the selection. */
  insert: (text: string) => void;
  /** Puts the cursor at an offset and shows it. */
  goTo: (offset: number) => void;
}

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** Enter. Shift+Enter is a new line. */
  onRun: (value: string) => void;
  label: string;
  autoFocus?: boolean;
  ref?: Ref<EditorHandle>;
}

/** Whoever has gone somewhere while the editor was loaded stays there. */
function isFocusFree(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || activeElement.tagName === "MAIN";
}

/** The PromQL editor. CodeMirror owns the text; `value` replaces it only where the two differ. */
export default function Editor({ value, onChange, onRun, label, autoFocus = false, ref }: Props) {
  const container = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const handlers = useRef({ onChange, onRun });

  useEffect(() => {
    handlers.current = { onChange, onRun };
  }, [onChange, onRun]);

  useEffect(() => {
    if (!container.current) return;
    const run = (editor: EditorView) => {
      handlers.current.onRun(editor.state.doc.toString());
      return true;
    };
    const editor = new EditorView({
      parent: container.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          history(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
          placeholder("PromQL expression, e.g. up"),
          // Below completion (highest), so that Enter first accepts an open suggestion.
          Prec.high(
            keymap.of([
              { key: "Enter", run },
              { key: "Mod-Enter", run },
              { key: "Shift-Enter", run: insertNewlineAndIndent },
            ]),
          ),
          Prec.highest(keymap.of(completionKeymap)),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          promqlLanguage(),
          editorTheme,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    if (autoFocus && isFocusFree()) editor.focus();
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
    // The text and the label are those of the first render; later texts come by the effect below.
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      selection: { anchor: value.length },
    });
  }, [value]);

  useImperativeHandle(ref, () => ({
    focus: () => view.current?.focus(),
    insert: (text) => {
      const editor = view.current;
      if (!editor) return;
      editor.dispatch(editor.state.replaceSelection(text));
      editor.focus();
    },
    goTo: (offset) => {
      const editor = view.current;
      if (!editor) return;
      const anchor = Math.min(offset, editor.state.doc.length);
      editor.dispatch({ selection: { anchor }, scrollIntoView: true });
      editor.focus();
    },
  }));

  return <div ref={container} style={{ flex: 1, minWidth: 0 }} />;
}
