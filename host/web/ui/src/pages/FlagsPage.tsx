import { CloseButton, Group, Table, Text, TextInput } from "@mantine/core";
import { Loading } from "../components/Loading";
import { PageTitle } from "../components/PageTitle";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { matchesFilter } from "../format/labels";
import { count } from "../format/value";
import { useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";
import { getFlags } from "../statusApi";

/** What the host was started with, defaults included. */
export default function FlagsPage() {
  const state = useRequest(getFlags);
  const [text, setText] = useSearchParam("search");
  const flags = Object.entries(state.answer?.data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = flags.filter(([name, value]) => matchesFilter(text, [`--${name}=${value}`]));
  return (
    <>
      <PageTitle title="Flags" />
      <RequestNotice state={state} />
      {!state.answer && state.isLoading && <Loading />}
      {state.answer && (
        <>
          <Group mb="md" gap="sm">
            <TextInput
              size="xs"
              flex="1 1 240px"
              maw={480}
              aria-label="Filter by text"
              placeholder="Name or value, e.g. retention"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              rightSection={text !== "" && <CloseButton size="xs" aria-label="Clear filter" onClick={() => setText("")} />}
            />
            <Text size="sm" c="dimmed" role="status">
              {count(shown.length, "flag", "flags")}
            </Text>
          </Group>
          {shown.length === 0 ? <Text c="dimmed">No flag passes this filter.</Text> : <FlagTable flags={shown} />}
        </>
      )}
    </>
  );
}

function FlagTable({ flags }: { flags: [name: string, value: string][] }) {
  return (
    <Section title="Flags and their values">
      <Table horizontalSpacing="md" verticalSpacing={5} ff="monospace" fz={13}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w="50%">
              Flag
            </Table.Th>
            <Table.Th scope="col">Value</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {flags.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400} style={{ overflowWrap: "anywhere" }}>
                --{name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {value === "" ? (
                  <Text span inherit c="dimmed" ff="text">
                    empty
                  </Text>
                ) : (
                  value
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
