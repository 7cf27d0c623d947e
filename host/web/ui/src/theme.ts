/** The look: ember on stalk. Warm neutrals, one accent, the system's own fonts. */
import { createTheme, Table, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

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
  "#aaa499", "#706a62", "#5c574f", "#3b3833", "#24221f",
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
  components: {
    // A page has one banner, and the head of a dialog is none.
    Modal: { defaultProps: { closeButtonProps: { "aria-label": "Close" }, attributes: { header: { role: "presentation" } } } },
    // The native scrollbar takes no room where there is nothing to scroll. The keyboard scrolls what has the focus.
    // What is placed by hand in a table, such as hidden words, scrolls with it.
    TableScrollContainer: Table.ScrollContainer.extend({ defaultProps: { type: "native", tabIndex: 0, pos: "relative" } }),
  },
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
});

/** Links, and buttons that destroy. */
const both = {
  "--mantine-color-anchor": "var(--nx-accent)",
  "--mantine-color-red-filled": "#b42318",
  "--mantine-color-red-filled-hover": "#912018",
};

/** Backgrounds and texts of states (badges, notices) and of empty fields: quiet, and readable on both schemes. */
export const stateColors: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...both,
    "--mantine-color-placeholder": "#706a62",
    "--mantine-color-error": "#b42318",
    "--mantine-color-red-light": "#fdeceb",
    "--mantine-color-red-light-color": "#b42318",
    "--mantine-color-yellow-light": "#fdf3d3",
    "--mantine-color-yellow-light-color": "#7a5200",
    "--mantine-color-green-light": "#e4f3e1",
    "--mantine-color-green-light-color": "#256b2c",
    "--mantine-color-blue-light": "#e5f1fb",
    "--mantine-color-blue-light-color": "#175a94",
  },
  dark: {
    ...both,
    "--mantine-color-placeholder": "#a09a91",
    "--mantine-color-error": "#ff9e94",
    "--mantine-color-red-light": "#3a211f",
    "--mantine-color-red-light-color": "#ff9e94",
    "--mantine-color-yellow-light": "#362d17",
    "--mantine-color-yellow-light-color": "#f2cc6b",
    "--mantine-color-green-light": "#20311f",
    "--mantine-color-green-light-color": "#9ad58d",
    "--mantine-color-blue-light": "#1c2b39",
    "--mantine-color-blue-light-color": "#92c8f5",
  },
});
