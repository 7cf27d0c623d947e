import { Button, Popover, SegmentedControl, Stack, Text, useMantineColorScheme } from "@mantine/core";
import type { Zone } from "../format/time";
import { useSettings } from "../state/settings";
import { HalfDisc } from "./icons";

type Scheme = "light" | "dark" | "auto";

const SCHEMES: { value: Scheme; label: string }[] = [
  { value: "light", label: "Light" },
  { value: "auto", label: "Auto" },
  { value: "dark", label: "Dark" },
];

const ZONES: { value: Zone; label: string }[] = [
  { value: "local", label: "Local" },
  { value: "utc", label: "UTC" },
];

/** Theme and time zone: the choices that hold for all pages. */
export function SettingsMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { zone, setZone } = useSettings();
  const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Popover position="bottom-end" shadow="md" width={280} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          fw={500}
          leftSection={<HalfDisc />}
          aria-label={`${zone === "utc" ? "UTC" : "Local time"}: settings of theme and time zone`}
        >
          <Text span inherit visibleFrom="sm">
            {zone === "utc" ? "UTC" : "Local time"}
          </Text>
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <div>
            <Text size="xs" c="dimmed" mb={4} id="setting-theme">
              Theme
            </Text>
            <SegmentedControl
              fullWidth
              size="xs"
              aria-labelledby="setting-theme"
              data={SCHEMES}
              value={colorScheme}
              onChange={(value) => setColorScheme(value as Scheme)}
            />
          </div>
          <div>
            <Text size="xs" c="dimmed" mb={4} id="setting-zone">
              Times are shown in
            </Text>
            <SegmentedControl
              fullWidth
              size="xs"
              aria-labelledby="setting-zone"
              data={ZONES}
              value={zone}
              onChange={(value) => setZone(value as Zone)}
            />
            <Text size="xs" c="dimmed" mt={4}>
              Local is {localZone}.
            </Text>
          </div>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
