import { ActionIcon, Button, Group, Paper, Select, Tabs, Text } from "@mantine/core";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { ApiError } from "../api";
import { Braces, Copy, Cross, Search } from "../components/icons";
import type { EditorHandle } from "../promql/Editor";
import { formatQuery } from "../queryApi";
import { ExplainTab } from "./ExplainTab";
import { GraphTab } from "./GraphTab";
import { HistoryMenu } from "./HistoryMenu";
import { addToHistory } from "./history";
import classes from "./Panel.module.css";
import type { PanelState, Tab } from "./panel";
import { QueryError } from "./QueryError";
import { TableTab } from "./TableTab";

// The editor is the largest part of all; answers need not wait for it.
const Editor = lazy(() => import("../promql/Editor"));

const MetricsExplorer = lazy(() => import("./MetricsExplorer"));

const TreeTab = lazy(() => import("./parts/TreeTab"));

const REFRESH_CHOICES = [
  { value: "off", label: "No refresh" },
  { value: "5000", label: "Every 5 s" },
  { value: "15000", label: "Every 15 s" },
  { value: "60000", label: "Every minute" },
];

interface Props {
  panel: PanelState;
  number: number;
  onPatch: (patch: Partial<PanelState>) => void;
  onDuplicate: () => void;
  /** Null where there is but one panel. */
  onRemove: (() => void) | null;
  autoFocus: boolean;
}

/** One expression and its answer. `panel.expr` is what was run; the draft is what stands in the editor. */
export function Panel({ panel, number, onPatch, onDuplicate, onRemove, autoFocus }: Props) {
  const [draft, setDraft] = useState(panel.expr);
  const [run, setRun] = useState(0);
  const [refreshMs, setRefreshMs] = useState<number | null>(null);
  const [formatError, setFormatError] = useState<{ error: ApiError; expr: string } | null>(null);
  const [isExploring, setIsExploring] = useState(false);
  const formatting = useRef<AbortController | null>(null);
  const editor = useRef<EditorHandle>(null);

  useEffect(() => setDraft(panel.expr), [panel.expr]);

  useEffect(() => () => formatting.current?.abort(), []);

  const execute = (expr: string) => {
    setDraft(expr);
    setFormatError(null);
    addToHistory(expr);
    // What was measured is of one expression; to run that again is to measure it again.
    onPatch(expr === panel.expr ? { expr } : { expr, isAnalyzed: false });
    setRun((count) => count + 1);
  };
  const tidy = async () => {
    formatting.current?.abort();
    const abort = new AbortController();
    formatting.current = abort;
    try {
      const { data } = await formatQuery(draft, abort.signal);
      // What was typed meanwhile is newer than what was formatted.
      setDraft((now) => (now === draft ? data : now));
      setFormatError(null);
    } catch (error) {
      // The expression stays as it is.
      if (error instanceof ApiError) setFormatError({ error, expr: draft });
    }
  };
  const goTo = (offset: number) => editor.current?.goTo(offset);
  const hasRun = panel.expr.trim() !== "";

  return (
    <Paper component="section" withBorder bg="var(--nx-surface)" aria-label={`Panel ${number}`}>
      <Group gap={6} p="sm" pb={0} align="flex-start">
        <div className={classes.editor}>
          <Suspense fallback={<pre className={classes.placeholder}>{draft}</pre>}>
            <Editor
              ref={editor}
              value={draft}
              onChange={setDraft}
              onRun={execute}
              label={`Expression of panel ${number}`}
              autoFocus={autoFocus}
            />
          </Suspense>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            aria-label="Browse metrics"
            title="Browse metrics"
            onClick={() => setIsExploring(true)}
          >
            <Search />
          </ActionIcon>
          <HistoryMenu onChoose={execute} />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            aria-label="Format the expression"
            title="Format the expression"
            disabled={draft.trim() === ""}
            onClick={() => void tidy()}
          >
            <Braces />
          </ActionIcon>
        </div>
        <Button h={40} onClick={() => execute(draft)} disabled={draft.trim() === ""} title="Enter">
          Run
        </Button>
        <Group gap={0} wrap="nowrap" h={40}>
          <ActionIcon variant="subtle" color="gray" size={34} aria-label={`Duplicate panel ${number}`} title="Duplicate this panel" onClick={onDuplicate}>
            <Copy />
          </ActionIcon>
          {onRemove && (
            <ActionIcon variant="subtle" color="gray" size={34} aria-label={`Remove panel ${number}`} title="Remove this panel" onClick={onRemove}>
              <Cross />
            </ActionIcon>
          )}
        </Group>
      </Group>
      {isExploring && (
        <Suspense fallback={null}>
          <MetricsExplorer
            onClose={() => setIsExploring(false)}
            onChoose={(selector) => {
              setIsExploring(false);
              editor.current?.insert(selector);
            }}
          />
        </Suspense>
      )}
      {formatError && formatError.expr === draft && (
        <QueryError error={formatError.error} expr={formatError.expr} onGoTo={goTo} isRetried={false} />
      )}
      <Tabs value={panel.tab} onChange={(tab) => tab && onPatch({ tab: tab as Tab })} keepMounted={false} mt={4}>
        <div className={classes.tabs}>
          <Tabs.List px="sm">
            <Tabs.Tab value="table">Table</Tabs.Tab>
            <Tabs.Tab value="graph">Graph</Tabs.Tab>
            <Tabs.Tab value="tree">Tree</Tabs.Tab>
            <Tabs.Tab value="explain">Explain</Tabs.Tab>
          </Tabs.List>
          <Select
            className={classes.refresh}
            size="xs"
            w={124}
            aria-label={`Refresh panel ${number}`}
            data={REFRESH_CHOICES}
            value={refreshMs === null ? "off" : String(refreshMs)}
            onChange={(value) => setRefreshMs(value === null || value === "off" ? null : Number(value))}
            allowDeselect={false}
            disabled={panel.tab === "tree" || panel.tab === "explain"}
          />
        </div>
        {/* Another expression starts anew: an old answer under it would mislead. */}
        <Tabs.Panel value="table">
          {hasRun && <TableTab key={panel.expr} panel={panel} onPatch={onPatch} run={run} refreshMs={refreshMs} onGoTo={goTo} />}
        </Tabs.Panel>
        <Tabs.Panel value="graph">
          {hasRun && <GraphTab key={panel.expr} panel={panel} onPatch={onPatch} run={run} refreshMs={refreshMs} onGoTo={goTo} />}
        </Tabs.Panel>
        <Tabs.Panel value="tree">
          {hasRun && (
            <Suspense fallback={null}>
              <TreeTab key={panel.expr} panel={panel} onPatch={onPatch} run={run} onGoTo={goTo} />
            </Suspense>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="explain">
          {hasRun && <ExplainTab key={panel.expr} panel={panel} onPatch={onPatch} run={run} onGoTo={goTo} />}
        </Tabs.Panel>
        {!hasRun && <FirstSteps onChoose={execute} />}
      </Tabs>
    </Paper>
  );
}

const EXAMPLES = ["up", "rate(node_cpu_seconds_total[1m])", "scrape_duration_seconds"];

function FirstSteps({ onChoose }: { onChoose: (expr: string) => void }) {
  return (
    <Group p="md" gap="xs">
      <Text size="sm" c="dimmed">
        Type an expression and press Enter (Shift+Enter for a new line, Ctrl+Space to complete), or start with
      </Text>
      {EXAMPLES.map((expr) => (
        <Button key={expr} variant="default" size="compact-sm" ff="monospace" fw={400} onClick={() => onChoose(expr)}>
          {expr}
        </Button>
      ))}
    </Group>
  );
}
