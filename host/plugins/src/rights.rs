//! What a plugin may do and spend; made anew when the configuration changes.

use std::time::Duration;

use narthex_wasm::Budget;

use crate::config::{Config, Pin};
use crate::imports::{Capabilities, ConfigureError, Shared};
use crate::spending::{Allowance, Amounts};

/// What one answer may hold; also the largest file, body or value that passes in one step.
const RESULT_BYTES_MAX: usize = 16 << 20;

/// What one answer of a discovery may hold: all targets of a large cluster with their labels.
const TARGETS_BYTES_MAX: usize = 128 << 20;

/// What a plugin may do and spend.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) capabilities: Capabilities,
    pub(crate) budget: Budget,
    allowance: Allowance,
    /// Of a refresh of targets.
    pub(crate) refresh: Budget,
    refresh_allowance: Allowance,
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
        let defaults = config.defaults;
        let allowance = Allowance {
            requests: allowed.requests.unwrap_or(defaults.requests),
            bytes_in: allowed.bytes_in.unwrap_or(defaults.bytes_in).0,
            bytes_out: allowed.bytes_out.unwrap_or(defaults.bytes_out).0,
            log_lines: allowed.log_lines.unwrap_or(defaults.log_lines),
            samples: allowed.samples.unwrap_or(defaults.samples),
        };
        let refresh_allowance = Allowance {
            requests: allowed.requests.unwrap_or(discovery.requests),
            bytes_in: allowed.bytes_in.unwrap_or(discovery.bytes_in).0,
            bytes_out: allowed.bytes_out.unwrap_or(discovery.bytes_out).0,
            log_lines: allowed.log_lines.unwrap_or(discovery.log_lines),
            samples: 0,
        };
        let capabilities = Capabilities::configure(plugin, config, shared)?;
        let is_enabled = allowed.enabled.unwrap_or(true);
        let secrets = SecretRules { are_revealed: allowed.reveal_secrets, named: allowed.secrets };
        Ok(Self {
            capabilities,
            budget,
            allowance,
            refresh,
            refresh_allowance,
            is_enabled,
            pin: allowed.sha256,
            secrets,
        })
    }

    /// What a call may spend besides its [`Budget`].
    pub(crate) fn allowance(&self, what: Spends) -> Allowance {
        match what {
            Spends::OfPlugin | Spends::WallAtMost(_) => self.allowance,
            Spends::OfRefresh => self.refresh_allowance,
        }
    }

    /// All that a call may spend, for people.
    pub(crate) fn limits(&self, what: Spends) -> Amounts {
        let (budget, allowance) = (self.spends(what), self.allowance(what));
        Amounts {
            memory_bytes: budget.memory_bytes,
            cpu: budget.cpu,
            wall: budget.wall,
            result_bytes: u64::try_from(budget.result_bytes).unwrap_or(u64::MAX),
            requests: allowance.requests,
            bytes_in: allowance.bytes_in,
            bytes_out: allowance.bytes_out,
            log_lines: allowance.log_lines,
            samples: allowance.samples,
            kv_bytes: 0,
        }
    }

    pub(crate) fn spends(&self, what: Spends) -> Budget {
        match what {
            Spends::OfPlugin => self.budget,
            Spends::WallAtMost(most) => Budget { wall: self.budget.wall.min(most), ..self.budget },
            Spends::OfRefresh => self.refresh,
        }
    }
}
