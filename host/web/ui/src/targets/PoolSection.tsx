import { Button, Group, Text } from "@mantine/core";
import { useCallback, useId, useState } from "react";
import { getPoolConfig } from "../api";
import { ConfigText } from "../components/ConfigText";
import { CopyButton } from "../components/CopyButton";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { count } from "../format/value";
import { Link } from "../router";
import { useRequest } from "../state/useRequest";
import type { Pool } from "./targetPools";
import { TargetTable } from "./TargetTable";

/** The targets of one pool, and on demand the configuration by which they are scraped. */
export function PoolSection({ pool }: { pool: Pool }) {
  const [isConfigShown, setIsConfigShown] = useState(false);
  const configId = useId();
  return (
    <Section
      title={pool.name}
      aside={
        <Group gap="sm">
          <Text size="sm" c={pool.up === pool.total ? "dimmed" : "var(--nx-bad)"}>
            {pool.up} of {pool.total} up,{" "}
            <Link page="service-discovery" search={`?${new URLSearchParams({ search: `pool=${pool.name}` })}`}>
              {pool.dropped > 0 ? `${count(pool.dropped, "dropped", "dropped")} by relabeling` : "discovery"}
            </Link>
          </Text>
          <Button
            variant="default"
            size="compact-xs"
            aria-expanded={isConfigShown}
            aria-controls={configId}
            onClick={() => setIsConfigShown(!isConfigShown)}
          >
            {isConfigShown ? "Hide configuration" : "Configuration"}
          </Button>
        </Group>
      }
    >
      <div id={configId} hidden={!isConfigShown} style={{ borderBottom: "1px solid var(--nx-border)" }}>
        {isConfigShown && <PoolConfig pool={pool.name} />}
      </div>
      <TargetTable targets={pool.targets} />
    </Section>
  );
}

/** What is in force, defaults included; secrets are hidden by the host. */
function PoolConfig({ pool }: { pool: string }) {
  const load = useCallback((signal: AbortSignal) => getPoolConfig(pool, signal), [pool]);
  const state = useRequest(load);
  const yaml = state.answer?.data.yaml;
  return (
    <>
      <RequestNotice state={state} />
      {yaml === undefined && state.isLoading && <Loading label={`Loading the configuration of ${pool}`} />}
      {yaml !== undefined && (
        <>
          <Group justify="space-between" px="md" pt="xs">
            <Text size="sm" c="dimmed">
              In force, with what is left to defaults
            </Text>
            <CopyButton text={yaml} />
          </Group>
          <ConfigText yaml={yaml} />
        </>
      )}
    </>
  );
}
