//! Texts that an author vouches for.

use std::sync::Arc;

use crate::functions::FunctionError;
use crate::json;
use crate::value::{Object, Value};

/// A text that needs no escaping in one place: what `safeHtml` and `safeUrl` give.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    kind: TrustedKind,
    text: Arc<str>,
}

/// Where a text needs no escaping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrustedKind {
    /// Between tags.
    Html,
    /// In an attribute that holds a URL: the scheme may be any.
    Url,
}

impl Trusted {
    pub(crate) fn html(text: &str) -> Self {
        Self { kind: TrustedKind::Html, text: Arc::from(text) }
    }

    pub(crate) fn url(text: &str) -> Self {
        Self { kind: TrustedKind::Url, text: Arc::from(text) }
    }

    pub(super) fn kind(&self) -> TrustedKind {
        self.kind
    }
}

impl Object for Trusted {
    fn get(&self, _name: &str, _arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        None
    }

    fn print(&self) -> String {
        self.text.to_string()
    }

    fn is_true(&self) -> bool {
        !self.text.is_empty()
    }

    fn json(&self) -> Option<String> {
        let mut out = String::new();
        json::quote(&self.text, &mut out);
        Some(out)
    }

    fn weight(&self) -> usize {
        self.text.len()
    }
}
