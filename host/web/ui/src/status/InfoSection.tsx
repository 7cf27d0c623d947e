import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Answer } from "../api";
import { KeyValues } from "../components/KeyValues";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { AbsoluteTime, RelativeTime } from "../components/Time";
import { useRequest } from "../state/useRequest";
import { statusRows } from "./statusRows";

interface Props {
  title: string;
  load: (signal: AbortSignal) => Promise<Answer<Record<string, unknown>>>;
  intervalMs?: number;
}

/** A block with a free-form map of the status API. */
export function InfoSection({ title, load, intervalMs }: Props) {
  const state = useRequest(load, intervalMs === undefined ? {} : { intervalMs });
  return (
    <Section title={title}>
      <RequestNotice state={state} />
      {!state.answer && state.isLoading && <Loading />}
      {state.answer && <InfoRows data={state.answer.data} />}
    </Section>
  );
}

export function InfoRows({ data }: { data: Record<string, unknown> }) {
  const rows = statusRows(data).map((row): [string, ReactNode] => [
    row.name,
    row.at === null ? (
      row.text
    ) : (
      <>
        <AbsoluteTime at={row.at} />{" "}
        <Text span size="sm" c="dimmed">
          (<RelativeTime at={row.at} />)
        </Text>
      </>
    ),
  ]);
  return <KeyValues rows={rows} />;
}
