//! Where a server is reached, as operators write it.

use super::{Request, basic, query};

/// A server's address out of a configuration: `https://user:password@host:8500/path`, `tcp://host:2375`,
/// `unix:///var/run/docker.sock`.
///
/// ```
/// use narthex_sdk::http::Origin;
///
/// let origin = Origin::parse("unix:///var/run/docker.sock").unwrap();
/// assert_eq!(origin.get("/networks").url, "http+unix://%2Fvar%2Frun%2Fdocker.sock/networks");
/// ```
#[derive(Clone, Debug)]
pub struct Origin {
    base: String,
    authorization: Option<String>,
    path: String,
}

impl Origin {
    /// Reads an address. The error says what is wrong with it, without its text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no scheme, such as http://")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" | "tcp" => "http",
            "https" => "https",
            "unix" => return Self::socket(rest),
            _ => return Err("its scheme must be http, https, tcp or unix"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let path = path.split('#').next().unwrap_or_default();
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, authority),
        };
        if authority.is_empty() || authority.starts_with(':') {
            return Err("it has no host");
        }
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            basic::credentials(&query::decode(name), &query::decode(password))
        });
        Ok(Self { base: format!("{scheme}://{authority}"), authorization, path: path.into() })
    }

    fn socket(path: &str) -> Result<Self, &'static str> {
        if !path.starts_with('/') {
            return Err("the path of a unix socket must begin with a slash");
        }
        let base = format!("http+unix://{}", query::encode(path));
        Ok(Self { base, authorization: None, path: String::new() })
    }

    /// The path and query that the address has; empty when it has none.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The server without path, user and password: for messages.
    pub fn shown(&self) -> &str {
        &self.base
    }

    /// A GET of this path and query, with the user and the password of the address.
    pub fn get(&self, path: &str) -> Request {
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        let request = Request::get(&format!("{}{slash}{path}", self.base));
        match &self.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[track_caller]
    fn check(text: &str, url: &str, authorization: Option<&str>) {
        let origin = Origin::parse(text).unwrap();
        let request = origin.get(origin.path());
        assert_eq!(request.url, url, "{text}");
        assert_eq!(request.headers.first().map(|header| header.value.as_str()), authorization);
    }

    #[test]
    fn addresses_are_read_as_operators_write_them() {
        check("http://a", "http://a", None);
        check("HTTPS://a:8500/x/y?z=1#part", "https://a:8500/x/y?z=1", None);
        check("http://a?z=1", "http://a/?z=1", None);
        check("tcp://127.0.0.1:2375", "http://127.0.0.1:2375", None);
        check("http://[::1]:80/", "http://[::1]:80/", None);
        check("http://me:p%40ss@a/", "http://a/", Some("Basic bWU6cEBzcw=="));
        check("unix:///run/a b.sock", "http+unix://%2Frun%2Fa%20b.sock", None);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let refused = |text: &str| Origin::parse(text).unwrap_err();
        assert_eq!(refused("localhost:4646"), "it has no scheme, such as http://");
        assert_eq!(refused("ftp://a"), "its scheme must be http, https, tcp or unix");
        assert_eq!(refused("http://"), "it has no host");
        assert_eq!(refused("http:///x"), "it has no host");
        assert_eq!(refused("http://:80/"), "it has no host");
        assert_eq!(refused("unix://run/x"), "the path of a unix socket must begin with a slash");
    }
}
