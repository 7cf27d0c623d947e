//! Where a request goes, and where an answer sends it next.

/// A URL of HTTP, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) is_https: bool,
    /// Host and port as they are written.
    pub(crate) authority: String,
    /// With its query, without its fragment; begins with a slash.
    path: String,
}

impl Location {
    /// A target: without a scheme it is reached by plain HTTP.
    pub(crate) fn of_target(target: &str) -> Option<Self> {
        match target.contains("://") {
            true => Self::absolute(target),
            false => Self::absolute(&format!("http://{target}")),
        }
    }

    fn absolute(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let is_authority = !authority.is_empty() && !authority.starts_with(':');
        is_authority.then(|| Self { is_https, authority: authority.into(), path: rooted(path) })
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }

    /// The host alone, without brackets.
    pub(crate) fn host(&self) -> &str {
        let authority = self.authority.rsplit('@').next().unwrap_or_default();
        match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// Where the header `location` of its answer leads; `None` where that is no URL of HTTP.
    pub(crate) fn join(&self, location: &str) -> Option<Self> {
        let has_scheme = location.split(['/', '?', '#']).next().is_some_and(|s| s.contains(':'));
        if has_scheme {
            return Self::absolute(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            let scheme = if self.is_https { "https" } else { "http" };
            return Self::absolute(&format!("{scheme}://{rest}"));
        }
        let own = self.path.split('?').next().unwrap_or_default();
        let path = if location.starts_with('/') {
            location.to_owned()
        } else if location.starts_with(['?', '#']) || location.is_empty() {
            format!("{own}{location}")
        } else {
            let (folder, _) = own.rsplit_once('/').unwrap_or_default();
            format!("{folder}/{location}")
        };
        Some(Self { path: rooted(&path), ..self.clone() })
    }
}

/// A path from the root, without a fragment and without steps up.
fn rooted(path: &str) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path, String::new()),
    };
    let mut parts: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for part in path.split('/').skip(1) {
        is_folder = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if is_folder && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}{query}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_urls_with_or_without_a_scheme() {
        for (target, url) in [
            ("shop.test", "http://shop.test/"),
            ("shop.test:8080/a?b#c", "http://shop.test:8080/a?b"),
            ("HTTPS://shop.test?x", "https://shop.test/?x"),
            ("[::1]:80/", "http://[::1]:80/"),
        ] {
            assert_eq!(Location::of_target(target).unwrap().url(), url);
        }
        assert_eq!(Location::of_target("http:///x"), None);
        assert_eq!(Location::of_target("[::1]:80").unwrap().host(), "::1");
        assert_eq!(Location::of_target("shop.test:80").unwrap().host(), "shop.test");
    }

    #[test]
    fn answers_lead_on_as_browsers_have_it() {
        let from = Location::of_target("https://shop.test/a/b/c?d").unwrap();
        for (location, url) in [
            ("http://other.test:81/x", "http://other.test:81/x"),
            ("//other.test/x", "https://other.test/x"),
            ("/x/./y", "https://shop.test/x/y"),
            ("x", "https://shop.test/a/b/x"),
            ("../x?y", "https://shop.test/a/x?y"),
            ("../../../..", "https://shop.test/"),
            ("..", "https://shop.test/a/"),
            ("?e", "https://shop.test/a/b/c?e"),
            ("x?to=http://a", "https://shop.test/a/b/x?to=http://a"),
        ] {
            assert_eq!(from.join(location).unwrap().url(), url, "{location}");
        }
        assert_eq!(from.join("ftp://x"), None);
        assert_eq!(from.join("mailto:x"), None);
    }
}
