//! What can be seen of a plugin.

use super::Plugin;
use crate::answer::PluginKind;
use crate::loader::Loaded;
use crate::record::{Shown, Standing};
use crate::rights::Spends;
use crate::schema::Notes;
use crate::spending::Amounts;
use crate::view::{CompilingView, GrantView, PluginState, PluginView};

impl Plugin {
    /// What can be seen of it.
    pub(crate) fn view(&self) -> PluginView {
        let rights = self.rights();
        let Shown { standing, calls, peaks, exceeded, last_error, rejected, pauses } =
            self.record.view(self.clock.monotonic());
        let loaded = self.loaded();
        let kind = loaded.as_ref().map(|loaded| loaded.entry.kind());
        let is_discovery = kind == Some(PluginKind::Discovery);
        let spends = if is_discovery { Spends::OfRefresh } else { Spends::OfPlugin };
        let disabled = self.disabled();
        let compiling = self.compiling();
        let state = match (&disabled, &loaded, standing) {
            (Some(_), ..) => PluginState::Disabled,
            (None, None, _) if compiling.is_some() => PluginState::Compiling,
            (None, None, _) => PluginState::Failed,
            (None, Some(_), Standing::BackingOff) => PluginState::BackingOff,
            (None, Some(_), Standing::Failing) => PluginState::Failing,
            (None, Some(_), Standing::Well) => PluginState::Ready,
        };
        let loaded = loaded.as_deref();
        let nothing = Notes::default();
        let notes = loaded.map_or(&nothing, |loaded| &loaded.schema.notes);
        let (kept, kept_max) = rights.capabilities.kept(notes.kept_bytes());
        let limits = Amounts { kv_bytes: kept_max, ..rights.limits(spends) };
        let peaks = Amounts { kv_bytes: kept, ..peaks };
        let refused = rejected.as_ref().map(|rejected| rejected.digest.clone());
        let digest = loaded.map(|loaded| loaded.digest.to_string()).or(refused).unwrap_or_default();
        let text = |pick: fn(&Loaded) -> &str| loaded.map(pick).unwrap_or_default().to_owned();
        let revealed = rights.secrets.are_revealed.then(|| GrantView {
            capability: "secrets",
            detail: "the values of the secrets in its configuration".to_owned(),
            source: format!("plugins.allow.{}", self.name),
        });
        PluginView {
            name: self.name.clone(),
            kind,
            version: text(|loaded| &loaded.version),
            description: text(|loaded| &loaded.description),
            digest,
            pinned: rights.pin.map(|pin| pin.0.to_string()),
            file: self.file.clone(),
            state,
            compiling: compiling.map(|file| CompilingView {
                since_millis: file.since_millis,
                digest: file.digest.to_string(),
            }),
            disabled: disabled.map(|error| error.to_string()),
            generation: loaded.map_or(0, |loaded| loaded.generation),
            previous: self.versions.previous().map(|previous| previous.version.clone()),
            loaded_at_millis: loaded.map(|loaded| loaded.loaded_at_millis),
            imports: loaded.map(|loaded| loaded.imports.clone()).unwrap_or_default(),
            grants: rights.capabilities.view(notes).into_iter().chain(revealed).collect(),
            limits,
            peaks,
            exceeded,
            calls,
            pauses,
            last_error,
            rejected,
            logs: rights.capabilities.last_lines(),
        }
    }
}
