//! What a plugin may do and spend; made anew when the configuration changes.

use std::time::Duration;

use narthex_wasm::Budget;

use crate::config::{Config, Pin};
use crate::imports::{Capabilities, ConfigureError, Shared};

/// What one answer may hold; also the largest file, body or value that passes in one step.
const RESULT_BYTES_MAX: usize = 16 << 20;

/// What one answer of a discovery may hold: all targets of a large cluster with their labels.
const TARGETS_BYTES_MAX: usize = 128 << 20;

/// What a plugin may do and spend.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) capabilities: Capabilities,
    pub(crate) budget: Budget,
    /// Of a refresh of targets.
    pub(crate) refresh: Budget,
    /// `false`: the configuration switched it off.
    pub(crate) is_enabled: bool,
    /// The one file that may serve.
    pub(crate) pin: Option<Pin>,
    /// What the operator says of secrets.
    pub(crate) secrets: SecretRules,
}

/// What the operator says of the secrets in a plugin's configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretRules {
    /// `reveal_secrets`: whether the guest gets the values.
    pub(crate) are_revealed: bool,
    /// `secrets`: keys, as in `auth.password`.
    pub(crate) named: Vec<String>,
}

impl SecretRules {
    /// Whether the value at these keys is among those that the operator named.
    pub(crate) fn name(&self, keys: &[&str]) -> bool {
        !self.named.is_empty() && self.named.contains(&keys.join("."))
    }
}

/// What a call may spend.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spends {
    /// As much as any call of the plugin.
    OfPlugin,
    /// The same, but no more wall time than this.
    WallAtMost(Duration),
    /// As much as a refresh of targets.
    OfRefresh,
}

impl Rights {
    pub(crate) fn new(
        plugin: &str,
        config: &Config,
        shared: &Shared,
    ) -> Result<Self, ConfigureError> {
        let allowed = config.allowed(plugin);
        let budget = Budget {
            memory_bytes: allowed.memory.unwrap_or(config.defaults.memory).0,
            cpu: allowed.cpu.unwrap_or(config.defaults.cpu).0,
            wall: allowed.wall.unwrap_or(config.defaults.wall).0,
            result_bytes: RESULT_BYTES_MAX,
        };
        let discovery = config.defaults.discovery;
        let refresh = Budget {
            memory_bytes: allowed.memory.unwrap_or(discovery.memory).0,
            cpu: allowed.cpu.unwrap_or(discovery.cpu).0,
            wall: allowed.wall.unwrap_or(discovery.wall).0,
            result_bytes: TARGETS_BYTES_MAX,
        };
        let capabilities = Capabilities::configure(plugin, config, shared)?;
        let is_enabled = allowed.enabled.unwrap_or(true);
        let secrets = SecretRules { are_revealed: allowed.reveal_secrets, named: allowed.secrets };
        Ok(Self { capabilities, budget, refresh, is_enabled, pin: allowed.sha256, secrets })
    }

    pub(crate) fn spends(&self, what: Spends) -> Budget {
        match what {
            Spends::OfPlugin => self.budget,
            Spends::WallAtMost(most) => Budget { wall: self.budget.wall.min(most), ..self.budget },
            Spends::OfRefresh => self.refresh,
        }
    }
}
