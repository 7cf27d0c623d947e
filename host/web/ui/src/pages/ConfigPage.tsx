import { ConfigText } from "../components/ConfigText";
import { CopyButton } from "../components/CopyButton";
import { PageHead } from "../components/PageHead";
import { Section } from "../components/Section";
import { useRequest } from "../state/useRequest";
import { getConfig } from "../statusApi";

const INTERVAL_MS = 10_000;

/** The configuration that is in force; secrets are hidden by the host. */
export default function ConfigPage() {
  const state = useRequest(getConfig, { intervalMs: INTERVAL_MS });
  const yaml = state.answer?.data.yaml;
  return (
    <>
      <PageHead title="Configuration" state={state} />
      {yaml !== undefined && (
        <Section title="In force" aside={<CopyButton text={yaml} />}>
          <ConfigText yaml={yaml} />
        </Section>
      )}
    </>
  );
}
