import "@mantine/core/styles.css";
import "./theme.css";
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { SettingsProvider } from "./state/settings";
import { stateColors, theme } from "./theme";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={stateColors} defaultColorScheme="auto">
      <SettingsProvider>
        <App />
      </SettingsProvider>
    </MantineProvider>
  </StrictMode>,
);
