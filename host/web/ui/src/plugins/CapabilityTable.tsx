import { Table, Text } from "@mantine/core";
import type { Plugin } from "../api";
import { capabilityUse, type CapabilityUse } from "./capabilities";

/** What the plugin may do, where that is written, and whether it uses it at all. */
export function CapabilityTable({ plugin }: { plugin: Plugin }) {
  const rows = capabilityUse(plugin);
  if (rows.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It asks for nothing and is granted nothing: it can only compute.
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w={120}>
              Capability
            </Table.Th>
            <Table.Th scope="col">Granted</Table.Th>
            <Table.Th scope="col" w={220}>
              Granted by
            </Table.Th>
            <Table.Th scope="col" w={240}>
              Use
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.capability}>
              <Table.Td fw={500}>{row.capability}</Table.Td>
              <Table.Td ff="monospace" fz={12.5} style={{ overflowWrap: "anywhere", whiteSpace: "pre-line" }}>
                {row.grants.map((grant) => grant.detail || "yes").join("\n") || "–"}
              </Table.Td>
              <Table.Td fz="sm" style={{ whiteSpace: "pre-line" }}>
                {row.grants.map((grant) => grant.source).join("\n") || "–"}
              </Table.Td>
              <Table.Td fz="sm">
                <Use row={row} plugin={plugin} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Use({ row, plugin }: { row: CapabilityUse; plugin: Plugin }) {
  if (row.isImported && row.grants.length > 0) return <>imported and granted</>;
  if (row.isImported) {
    return (
      <>
        imported; only what a call's own configuration names. For more, <code>plugins.allow.{plugin.name}</code>
      </>
    );
  }
  return (
    <Text span size="sm" c="dimmed">
      granted, not imported
    </Text>
  );
}
