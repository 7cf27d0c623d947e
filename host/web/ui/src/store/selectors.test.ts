import { expect, it } from "vitest";
import { readSelectors } from "./selectors";

it("reads one selector a line, and passes over empty lines", () =>
  expect(readSelectors(' up{a="b c"}\n\n  {job="x"}  \n')).toEqual(['up{a="b c"}', '{job="x"}']));
