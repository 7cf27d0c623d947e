//! API and pages as one site.

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::compression::CompressionLayer;

use crate::origins::{Origins, share};
use crate::prefix::{RoutePrefix, below};
use crate::ui::with_ui;

/// How the site is reached.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    /// The path that all of it is under.
    pub prefix: RoutePrefix,
    /// The sites whose pages may read what the API answers.
    pub origins: Origins,
}

/// The API and the pages; answers are compressed.
pub fn site(api: Router, config: SiteConfig) -> Router {
    let inner = with_ui(api)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(config.origins, share));
    below(config.prefix, inner)
}
