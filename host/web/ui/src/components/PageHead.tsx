import type { RequestState } from "../state/useRequest";
import { Loading } from "./Loading";
import { PageTitle } from "./PageTitle";
import { RequestNotice } from "./RequestNotice";
import { RelativeTime } from "./Time";

/** The head of a page that shows one answer: from when it is, why there is no newer one, or that it is on its way. */
export function PageHead({ title, state }: { title: string; state: RequestState<unknown> }) {
  return (
    <>
      <PageTitle title={title}>
        {state.answeredAt !== null && (
          <>
            as of <RelativeTime at={state.answeredAt} />
          </>
        )}
      </PageTitle>
      <RequestNotice state={state} />
      {state.answer === null && state.isLoading && <Loading />}
    </>
  );
}
