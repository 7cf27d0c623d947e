/** What labels cost: their values, and the bytes of these. Pure. */
import type { TsdbStatus } from "../statusApi";

export interface LabelCost {
  name: string;
  values: number | null;
  bytes: number | null;
}

/** Labels that are among the largest by one of the two; the other may not be known then. */
export function labelCosts(status: TsdbStatus): LabelCost[] {
  const costs = new Map<string, LabelCost>();
  const of = (name: string) => {
    const cost = costs.get(name) ?? { name, values: null, bytes: null };
    costs.set(name, cost);
    return cost;
  };
  for (const { name, value } of status.labelValueCountByLabelName) of(name).values = value;
  for (const { name, value } of status.memoryInBytesByLabelName) of(name).bytes = value;
  return [...costs.values()];
}
