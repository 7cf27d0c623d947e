import { expect, it } from "vitest";
import { heatColor } from "./heatColors";

function lightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

it("gets darker on light and lighter on dark, all the way", () => {
  const steps = Array.from({ length: 21 }, (_, index) => index / 20);
  const light = steps.map((step) => lightness(heatColor(step, false)));
  const dark = steps.map((step) => lightness(heatColor(step, true)));
  expect(light).toEqual([...light].sort((a, b) => b - a));
  expect(dark).toEqual([...dark].sort((a, b) => a - b));
});

it("stays at the ends outside of them", () => {
  expect(heatColor(-1, false)).toBe(heatColor(0, false));
  expect(heatColor(2, true)).toBe("rgb(255, 226, 194)");
});
