import { SimpleGrid } from "@mantine/core";
import { PageTitle } from "../components/PageTitle";
import { Section } from "../components/Section";
import { InfoSection } from "../status/InfoSection";
import { MoreStatus } from "../status/MoreStatus";
import { getBuildInfo, getRuntimeInfo } from "../statusApi";

const INTERVAL_MS = 10_000;

/** What runs here. */
export default function StatusPage() {
  return (
    <>
      <PageTitle title="Build and runtime" />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: "start" }}>
        <InfoSection title="Runtime" load={getRuntimeInfo} intervalMs={INTERVAL_MS} />
        <div>
          <InfoSection title="Build" load={getBuildInfo} />
          <Section title="More about this host">
            <MoreStatus />
          </Section>
        </div>
      </SimpleGrid>
    </>
  );
}
