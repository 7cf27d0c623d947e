//! Code of the host that finds endpoint and credentials of a discovery where the machine knows them:
//! the account of a pod, a kubeconfig, the keys of AWS.
//!
//! Invariant: what is found here stays in the host; a guest sees the endpoint and no credential.

pub(crate) mod aws;
pub(crate) mod kubernetes;

use std::fmt;
use std::sync::Arc;

use narthex_client::{ClientOptions, HttpConfig};

use self::aws::Signer;

/// Variables of the environment, handed down by whoever starts the program. By default there are
/// none.
#[derive(Clone, Default)]
pub struct Environment(Option<Arc<Read>>);

type Read = dyn Fn(&str) -> Option<String> + Send + Sync;

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    /// Variables by a function that reads one.
    #[must_use]
    pub fn new(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(variable)))
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let read = self.0.as_ref()?;
        read(name).filter(|value| !value.is_empty())
    }
}

/// The machine as profiles see it.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) environment: Environment,
    /// Of clients; the disk and the clock are in it.
    pub(crate) client: ClientOptions,
}

/// How an item's endpoints are asked.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) http: HttpConfig,
    pub(crate) follows_redirects: bool,
    /// Signs each request.
    pub(crate) signer: Option<Arc<Signer>>,
}
