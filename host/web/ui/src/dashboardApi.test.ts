import { expect, it } from "vitest";
import { escapeName } from "./dashboardApi";

it.each([
  ["instance", "instance"],
  ["http.method", "U__http_2e_method"],
  ["a_b c", "U__a__b_20_c"],
])("writes the label %s as %s in a path", (name, escaped) => expect(escapeName(name)).toBe(escaped));
