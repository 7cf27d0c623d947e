import { describe, expect, it } from "vitest";
import { colorOf, contrast, parseColor, readableOn, scaleColor, textOn, visibleOn } from "./colors";

const LIGHT = { isDark: false, text: "#24221f", surface: "#ffffff" };

describe("colorOf", () => {
  it.each([
    ["green", "#73bf69"],
    ["dark-red", "#c4162a"],
    ["super-light-blue", "#c0d8ff"],
    ["text", "#24221f"],
    ["rgba(1, 2, 3, 0.5)", "rgba(1, 2, 3, 0.5)"],
    ["#123456", "#123456"],
  ])("knows %s", (name, color) => expect(colorOf(name, LIGHT)).toBe(color));
});

describe("readableOn", () => {
  it.each(["#fade2a", "#ffffff", "#73bf69", "#052b51"])("makes %s readable on both schemes", (color) => {
    for (const background of ["#ffffff", "#211f1d"]) {
      const text = parseColor(readableOn(color, background));
      const behind = parseColor(background);
      expect(text && behind ? contrast(text, behind) : 0).toBeGreaterThanOrEqual(4.5);
    }
  });
});

it("chooses black or white for text on a color", () => {
  expect(textOn("#fade2a")).toBe("#000000");
  expect(textOn("#1f60c4")).toBe("#ffffff");
});

it("walks a scale", () => {
  expect(scaleColor("continuous-GrYlRd", 0, LIGHT)).toBe("#73bf69");
  expect(scaleColor("continuous-GrYlRd", 1, LIGHT)).toBe("#f2495c");
  expect(scaleColor("thresholds", 1, LIGHT)).toBeNull();
});

it("leaves colors of lines as they are, but for those that cannot be seen", () => {
  expect(visibleOn("#e8590c", "#ffffff")).toBe("#e8590c");
  const [line, behind] = [parseColor(visibleOn("#052b51", "#211f1d")), parseColor("#211f1d")];
  expect(line && behind ? contrast(line, behind) : 0).toBeGreaterThanOrEqual(2);
});
