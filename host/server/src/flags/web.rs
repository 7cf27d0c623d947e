//! Flags of the site: where it listens, how it is reached, who may read it.

use clap::Args;
use narthex_web::{Origins, PrefixError, RoutePrefix, SiteConfig};

/// `--web.*`
#[derive(Clone, Debug, Args)]
pub(crate) struct WebFlags {
    /// Addresses to listen on; may be repeated.
    #[arg(long = "web.listen-address", default_value = "0.0.0.0:9090", value_name = "HOST:PORT")]
    pub(crate) listen_addresses: Vec<String>,

    /// Connections at the same time.
    #[arg(long = "web.max-connections", default_value_t = 512, value_name = "N")]
    pub(crate) connections_max: usize,

    /// Pages that follow notifications at the same time; others ask for them.
    #[arg(long = "web.max-notifications-subscribers", default_value_t = 16, value_name = "N")]
    pub(crate) notification_followers_max: usize,

    /// Results that one search of names may ask for; 0: no bound.
    #[arg(long = "web.search.max-limit", default_value_t = 10_000, value_name = "N")]
    pub(crate) search_results_max: usize,

    /// The URL under which people reach this server; links in alerts begin with it.
    #[arg(long = "web.external-url", value_parser = parse_external_url, value_name = "URL")]
    external_url: Option<String>,

    /// The path that all pages and endpoints are under: that of --web.external-url, where it is not given.
    #[arg(long = "web.route-prefix", value_name = "PATH")]
    route_prefix: Option<RoutePrefix>,

    /// Sites whose pages may read the API: a regular expression for all of an origin, as in 'https?://(a|b)\.example'.
    #[arg(long = "web.cors.origin", default_value = ".*", value_name = "REGEX")]
    origins: Origins,

    /// Allow POST /-/reload and /-/quit.
    #[arg(long = "web.enable-lifecycle")]
    pub(crate) lifecycle: bool,

    /// Allow the endpoints under /api/v1/admin, which delete and copy data.
    #[arg(long = "web.enable-admin-api")]
    pub(crate) admin: bool,

    /// Take samples by remote write, at /api/v1/write.
    #[arg(long = "web.enable-remote-write-receiver")]
    pub(crate) remote_write: bool,
}

/// The URL without a slash at its end; a path alone is one of this server.
fn parse_external_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let path = path_of(url).ok_or("write it as in https://watch.example/prometheus")?;
    if path.contains(|letter: char| {
        letter.is_whitespace() || letter.is_control() || "?#\"".contains(letter)
    }) {
        return Err(format!("{path:?} is no path: the URL ends before ? and #, and has no spaces"));
    }
    Ok(url.to_owned())
}

/// The path of `https://host/path` or of `/path`.
fn path_of(url: &str) -> Option<&str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return (url.is_empty() || url.starts_with('/')).then_some(url);
    };
    let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let is_host = !host.is_empty() && !host.contains(|letter: char| letter.is_whitespace());
    (["http", "https"].contains(&scheme) && is_host).then_some(path)
}

impl WebFlags {
    /// `--web.external-url`, below `own` where it is a path alone or nothing.
    pub(crate) fn external_url(&self, own: impl FnOnce() -> String) -> String {
        match &self.external_url {
            Some(url) if url.contains("://") => url.clone(),
            Some(path) => own() + path,
            None => own(),
        }
    }

    /// How the site is reached.
    ///
    /// # Errors
    /// When the path of the external URL can be no prefix, and no other is given.
    pub(crate) fn site(&self) -> Result<SiteConfig, PrefixError> {
        Ok(SiteConfig { prefix: self.prefix()?, origins: self.origins.clone() })
    }

    fn prefix(&self) -> Result<RoutePrefix, PrefixError> {
        match &self.route_prefix {
            Some(given) => Ok(given.clone()),
            None => self.external_url.as_deref().and_then(path_of).unwrap_or_default().parse(),
        }
    }

    /// Names and values, for /api/v1/status/flags.
    pub(crate) fn shown(&self) -> [(&'static str, String); 10] {
        [
            ("web.listen-address", self.listen_addresses.join(",")),
            ("web.max-connections", self.connections_max.to_string()),
            ("web.max-notifications-subscribers", self.notification_followers_max.to_string()),
            ("web.search.max-limit", self.search_results_max.to_string()),
            ("web.external-url", self.external_url.clone().unwrap_or_default()),
            ("web.route-prefix", self.prefix().unwrap_or_default().to_string()),
            ("web.cors.origin", self.origins.as_str().to_owned()),
            ("web.enable-lifecycle", self.lifecycle.to_string()),
            ("web.enable-admin-api", self.admin.to_string()),
            ("web.enable-remote-write-receiver", self.remote_write.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::flags::Cli;

    fn reached(flags: &[&str]) -> Result<(String, String), String> {
        let cli = Cli::try_parse_from([&["narthex"], flags].concat());
        let web = cli.map_err(|error| error.to_string())?.serve.web;
        let url = web.external_url(|| "http://host:9090".to_owned());
        let prefix = web.prefix().map_err(|error| error.to_string())?;
        Ok((url, prefix.to_string()))
    }

    #[test]
    fn a_prefix_is_the_path_of_the_url_unless_it_is_given() {
        let url = "--web.external-url=https://watch.example/a/b/";
        let watch = "https://watch.example/a/b";
        for (flags, url, prefix) in [
            (&[][..], "http://host:9090", "/"),
            (&[url], watch, "/a/b"),
            (&[url, "--web.route-prefix=/"], watch, "/"),
            (&["--web.route-prefix=am"], "http://host:9090", "/am"),
            (&["--web.external-url=/prom/"], "http://host:9090/prom", "/prom"),
            (&["--web.external-url=http://[::1]:9090"], "http://[::1]:9090", "/"),
            // A proxy of Kubernetes takes its path away.
            (
                &[
                    "--web.external-url=https://k8s/services/prometheus:web/proxy",
                    "--web.route-prefix=/",
                ],
                "https://k8s/services/prometheus:web/proxy",
                "/",
            ),
        ] {
            assert_eq!(reached(flags), Ok((url.to_owned(), prefix.to_owned())), "{flags:?}");
        }
        for url in ["ftp://x/", "watch.example", "https:///a", "https://x/a?b=c", "https://x y/"] {
            let error = reached(&[&format!("--web.external-url={url}")]).unwrap_err();
            assert!(error.contains("--web.external-url"), "{error}");
        }
        let error = reached(&["--web.external-url=https://k8s/prometheus:web"]).unwrap_err();
        assert!(error.starts_with("\"/prometheus:web\" is no path"), "{error}");
        assert!(reached(&["--web.cors.origin=("]).unwrap_err().contains("unclosed group"));
    }
}
