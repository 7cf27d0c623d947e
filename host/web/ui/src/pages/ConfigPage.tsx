import { ConfigText } from "../components/ConfigText";
import { CopyButton } from "../components/CopyButton";
import { Loading } from "../components/Loading";
import { PageTitle } from "../components/PageTitle";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { RelativeTime } from "../components/Time";
import { useRequest } from "../state/useRequest";
import { getConfig } from "../statusApi";

const INTERVAL_MS = 10_000;

/** The configuration that is in force; secrets are hidden by the host. */
export default function ConfigPage() {
  const state = useRequest(getConfig, { intervalMs: INTERVAL_MS });
  const yaml = state.answer?.data.yaml;
  return (
    <>
      <PageTitle title="Configuration">
        {state.answeredAt !== null && (
          <>
            as of <RelativeTime at={state.answeredAt} />
          </>
        )}
      </PageTitle>
      <RequestNotice state={state} />
      {yaml === undefined && state.isLoading && <Loading />}
      {yaml !== undefined && (
        <Section title="In force" aside={<CopyButton text={yaml} />}>
          <ConfigText yaml={yaml} />
        </Section>
      )}
    </>
  );
}
