/** The look: ember on stalk. Warm neutrals, one accent, the system's own fonts. */
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const ember: MantineColorsTuple = [
  "#fff3eb", "#ffe3d0", "#ffc59f", "#ffa56c", "#fd8a43",
  "#f7742a", "#ea6117", "#cb4c0a", "#b34209", "#8f3407",
];

const stalk: MantineColorsTuple = [
  "#f1f7ea", "#e2edd5", "#c5dbab", "#a6c87f", "#8bb75a",
  "#7aa646", "#6b8f47", "#557a2c", "#456423", "#354e19",
];

const gray: MantineColorsTuple = [
  "#faf9f7", "#f4f2ee", "#e9e6e0", "#dcd8d0", "#c8c3b9",
  "#aaa499", "#78726a", "#5c574f", "#3b3833", "#24221f",
];

const dark: MantineColorsTuple = [
  "#dedad4", "#bfbab2", "#a09a91", "#6f6a63", "#48443f",
  "#383531", "#2a2825", "#1b1a18", "#151412", "#0f0e0d",
];

export const theme = createTheme({
  primaryColor: "ember",
  primaryShade: { light: 7, dark: 7 },
  colors: { ember, stalk, gray, dark },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
});
