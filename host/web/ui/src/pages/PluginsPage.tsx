import { Text } from "@mantine/core";
import { useMemo } from "react";
import { getPlugins, type Plugin } from "../api";
import { EmptyState } from "../components/EmptyState";
import { FilterBar } from "../components/FilterBar";
import { PageHead } from "../components/PageHead";
import { matchesFilter } from "../format/labels";
import { PluginCard } from "../plugins/PluginCard";
import { useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 5_000;

const KINDS: { value: Plugin["kind"]; label: string }[] = [
  { value: "exporter", label: "Exporters" },
  { value: "discovery", label: "Discovery" },
  { value: "notifier", label: "Notifiers" },
];

const EXAMPLE = `plugins:
  dir: plugins        # put a .wasm file there; it is loaded at once, without a restart`;

/** The plugins of the folder: what each is, may do, did, and what went wrong. */
export default function PluginsPage() {
  const state = useRequest(getPlugins, { intervalMs: INTERVAL_MS });
  const [kind, setKind] = useSearchParam("kind");
  const [text, setText] = useSearchParam("search");
  const all = state.answer?.data.plugins;
  const shown = useMemo(() => filterPlugins(all ?? [], kind, text), [all, kind, text]);

  return (
    <>
      <PageHead title="Plugins" state={state} />
      {all?.length === 0 && (
        <EmptyState title="No plugins" example={EXAMPLE}>
          A plugin is one file in the folder that the configuration names. Drop one in: it shows up here.
        </EmptyState>
      )}
      {all && all.length > 0 && (
        <FilterBar
          label="Kind"
          choices={[
            { value: "", label: "All", amount: all.length },
            ...KINDS.map((each) => ({ ...each, amount: all.filter((plugin) => plugin.kind === each.value).length })),
          ]}
          choice={kind}
          onChoice={setKind}
          text={text}
          onText={setText}
          placeholder="Name, description, state or capability"
          shown={shown.length}
          noun={["plugin", "plugins"]}
        />
      )}
      {all && all.length > 0 && shown.length === 0 && <Text c="dimmed">No plugin passes this filter.</Text>}
      {shown.map((plugin) => (
        <PluginCard
          key={`${plugin.name} ${plugin.file}`}
          plugin={plugin}
          isOperable={state.answer?.data.isOperable ?? false}
          onChanged={state.reload}
        />
      ))}
    </>
  );
}

function filterPlugins(plugins: readonly Plugin[], kind: string, text: string): Plugin[] {
  return plugins
    .filter((plugin) => kind === "" || plugin.kind === kind)
    .filter((plugin) =>
      matchesFilter(text, [
        plugin.name,
        plugin.description,
        plugin.state,
        ...plugin.grants.map((grant) => grant.capability),
        ...plugin.imports,
      ]),
    );
}
