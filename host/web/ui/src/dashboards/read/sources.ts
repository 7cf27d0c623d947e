/** Data sources as Grafana's JSON names them: there is one here, whatever it was called there. Pure. */
import { isRecord, text } from "../json";

/** Sources that ask no PromQL but no other store either. */
const OWN = ["", "prometheus", "-- Mixed --", "-- Dashboard --", "default", "datasource", "mixed"];
const FOREIGN =
  /^(loki|tempo|influx|mysql|postgres|elastic|graphite|grafana-|cloudwatch|opentsdb|mssql|jaeger|zipkin|stackdriver)/;

/** The kind of a source that is known to be no Prometheus; null for all others. */
export function foreignType(source: unknown): string | null {
  const type = isRecord(source) ? text(source["type"]) : text(source);
  return !OWN.includes(type) && FOREIGN.test(type) ? type : null;
}
