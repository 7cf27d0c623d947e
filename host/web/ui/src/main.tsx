import "@mantine/core/styles.css";
import "./theme.css";
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ofAlertmanager } from "./alertmanagerLinks";
import { App } from "./App";
import { navigate } from "./router";
import { FiringProvider } from "./state/firing";
import { SettingsProvider } from "./state/settings";
import { stateColors, theme } from "./theme";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

function followAlertmanagerLink() {
  const found = ofAlertmanager(window.location.hash);
  if (found) navigate(found.page, found.search, { replace: true });
}

followAlertmanagerLink();
window.addEventListener("hashchange", followAlertmanagerLink);

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={stateColors} defaultColorScheme="auto">
      <SettingsProvider>
        <FiringProvider>
          <App />
        </FiringProvider>
      </SettingsProvider>
    </MantineProvider>
  </StrictMode>,
);
