import { expect, it } from "vitest";
import { PanelBoundary } from "./PanelBoundary";

const { getDerivedStateFromError: fail, getDerivedStateFromProps: show } = PanelBoundary;

it("shows an error until there is something else to draw", () => {
  const [panel, data] = [{}, {}];
  const failed = { of: [panel, data], error: null, ...fail(new Error("no axis")) };
  expect(failed.error).toMatchObject({ message: "no axis" });
  expect(show({ of: [panel, data], children: null }, failed)).toBeNull();
  expect(show({ of: [panel, {}], children: null }, failed)).toMatchObject({ error: null });
  expect(show({ of: [{}, data], children: null }, failed)).toMatchObject({ error: null });
});

it("names what is no error", () => expect(fail("odd").error).toMatchObject({ message: "odd" }));
