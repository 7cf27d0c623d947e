import { Button, Group, Popover, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { operatePlugin, type Plugin, type PluginOperation } from "../api";
import { ErrorText } from "../components/ErrorText";

interface Props {
  plugin: Plugin;
  /** Called when the plugin may have changed. */
  onDone: () => void;
}

/** Loads a plugin anew, and switches it off and on. */
export function PluginActions({ plugin, onDone }: Props) {
  const [running, setRunning] = useState<PluginOperation | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);

  async function run(operation: PluginOperation) {
    setRunning(operation);
    setFailure(null);
    setAsking(false);
    try {
      await operatePlugin(plugin.name, operation);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setRunning(null);
    onDone();
  }

  const common = { size: "xs", variant: "default", disabled: running !== null } as const;
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <Button {...common} loading={running === "reload"} onClick={() => void run("reload")}>
          Reload
        </Button>
        {plugin.state === "disabled" ? (
          <Button {...common} loading={running === "enable"} onClick={() => void run("enable")}>
            Enable
          </Button>
        ) : (
          <Popover opened={isAsking} onChange={setAsking} trapFocus withArrow position="bottom-start">
            <Popover.Target>
              <Button {...common} loading={running === "disable"} onClick={() => setAsking(!isAsking)}>
                Disable
              </Button>
            </Popover.Target>
            <Popover.Dropdown maw={320}>
              <Text size="sm" mb="xs">
                {consequence(plugin)} It stays disabled across restarts.
              </Text>
              <Button size="xs" color="red" onClick={() => void run("disable")}>
                Disable {plugin.name}
              </Button>
            </Popover.Dropdown>
          </Popover>
        )}
      </Group>
      {failure !== null && <ErrorText>{failure}</ErrorText>}
    </Stack>
  );
}

function consequence({ kind }: Plugin): string {
  switch (kind) {
    case "exporter":
      return "Its targets will be down.";
    case "discovery":
      return "Targets that it found stay; no new ones are found.";
    case "notifier":
      return "Notifications through it will fail.";
    case "":
      return "It will not be called.";
  }
}
