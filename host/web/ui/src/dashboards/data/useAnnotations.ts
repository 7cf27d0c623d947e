import { useCallback, useMemo } from "react";
import { ApiError, queryRange } from "../../api";
import { useRequest } from "../../state/useRequest";
import type { AdhocFilter, Annotation } from "../model";
import type { TimeRange } from "../range";
import type { Scope } from "../variables/scope";
import { addFilters } from "./adhoc";
import { annotationQuery, EVENTS_MAX, eventsOf, type AnnotationEvent, type AnnotationQuery } from "./annotations";
import type { Asked } from "./queries";

interface Options {
  range: TimeRange;
  asked: Asked;
  scope: Scope;
  scrapeMs: number;
  filters: readonly AdhocFilter[];
}

export interface Annotations {
  events: readonly AnnotationEvent[];
  /** What is not as it should be. */
  notices: readonly string[];
}

const NONE: Annotations = { events: [], notices: [] };

/** The events of all annotations that are on. */
export function useAnnotations(
  annotations: readonly Annotation[],
  { range, asked, scope, scrapeMs, filters }: Options,
): Annotations {
  // What is asked, as a text: a new one is a new question.
  const key = JSON.stringify([annotations.map((each) => annotationQuery(each, { range, scope, scrapeMs })), filters, asked.times]);
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [queries, added] = JSON.parse(key) as [AnnotationQuery[], AdhocFilter[]];
      const found = await Promise.all(
        annotations.map(async (annotation, index) => {
          const query = queries[index];
          return query ? askOne(annotation, { ...query, expr: await addFilters(query.expr, added) }, signal) : NONE;
        }),
      );
      const data = { events: found.flatMap((each) => each.events), notices: found.flatMap((each) => each.notices) };
      return { data, warnings: [], infos: [] };
    },
    [annotations, key],
  );
  const { answer, error } = useRequest(annotations.length === 0 ? null : load);
  return useMemo(() => {
    if (annotations.length === 0) return NONE;
    const { events, notices } = answer?.data ?? NONE;
    const isOn = new Set(annotations);
    return {
      events: events.filter((event) => isOn.has(event.annotation)),
      notices: error ? [...notices, `Annotations: ${error.message}`] : notices,
    };
  }, [annotations, answer, error]);
}

/** A query that is refused takes nothing from the others; a host that is away is asked again for all. */
async function askOne(annotation: Annotation, query: AnnotationQuery, signal: AbortSignal): Promise<Annotations> {
  const { expr, startMs, endMs, stepMs } = query;
  try {
    const { data } = await queryRange(
      { query: expr, start: startMs / 1000, end: endMs / 1000, step: stepMs / 1000 },
      signal,
    );
    const events = eventsOf(annotation, query, data);
    const left = events.length - EVENTS_MAX;
    const notices =
      left > 0 ? [`Annotations "${annotation.name}": ${left} of ${events.length} events are not shown.`] : [];
    return { events: events.slice(-EVENTS_MAX), notices };
  } catch (error) {
    if (signal.aborted || (error instanceof ApiError && error.isTransient)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { events: [], notices: [`Annotations "${annotation.name}": ${reason}`] };
  }
}
