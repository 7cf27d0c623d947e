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

/// The API and the pages; answers are compressed, by zstd for those who take it, else by gzip.
pub fn site(api: Router, config: SiteConfig) -> Router {
    let inner = with_ui(api)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(config.origins, share));
    below(config.prefix, inner)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, header};
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    /// How the answer is packed, and its first bytes.
    async fn packed(path: &str, taken: &str) -> (Option<String>, Vec<u8>) {
        let live =
            async || ([(header::CONTENT_TYPE, "text/event-stream")], "data: 1\n\n".repeat(99));
        let api = Router::new()
            .route("/api/v1/x", get(async || "many words ".repeat(99)))
            .route("/api/v1/live", get(live));
        let config =
            SiteConfig { prefix: RoutePrefix::default(), origins: ".*".parse().expect("all") };
        let request = Request::get(path).header(header::ACCEPT_ENCODING, taken);
        let response =
            site(api, config).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let encoding = response.headers().get(header::CONTENT_ENCODING).cloned();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let first = body.iter().copied().take(4).collect();
        (encoding.map(|it| it.to_str().unwrap().to_owned()), first)
    }

    #[tokio::test]
    async fn answers_are_packed_as_a_client_takes_them() {
        let zstd = (Some("zstd".to_owned()), vec![0x28, 0xb5, 0x2f, 0xfd]);
        assert_eq!(packed("/api/v1/x", "gzip, deflate, br, zstd").await, zstd);
        assert_eq!(packed("/api/v1/x", "zstd;q=0.5").await, zstd);
        let (encoding, first) = packed("/api/v1/x", "gzip, zstd;q=0").await;
        assert_eq!((encoding.as_deref(), first.get(..2)), (Some("gzip"), Some(&[0x1f, 0x8b][..])));
        assert_eq!(packed("/api/v1/x", "identity").await, (None, b"many".to_vec()));
        // Each event is to come as it happens.
        assert_eq!(packed("/api/v1/live", "zstd").await, (None, b"data".to_vec()));
    }
}
