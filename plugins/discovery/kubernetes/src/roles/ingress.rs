//! Ingresses: each path of each host.

use narthex_sdk::{Error, Labels};

use super::{Builder, set, set_metadata};
use crate::{
    objects::Ingress,
    target::{Shared, Target},
};

pub(super) fn targets(builder: &mut Builder<'_>, ingress: &Ingress) -> Result<Vec<Target>, Error> {
    let metadata = &ingress.metadata;
    let mut own = Labels::new();
    set(&mut own, "namespace", &metadata.namespace);
    set(&mut own, "ingress_class_name", &ingress.spec.ingress_class_name);
    set_metadata(&mut own, "ingress", metadata);
    let own = Shared::new(own);
    let namespace = builder.namespace(&metadata.namespace)?;
    let shared: Vec<_> = [Some(&own), namespace.as_ref()].into_iter().flatten().collect();
    let mut targets = Vec::new();
    for rule in &ingress.spec.rules {
        let scheme = if ingress.has_tls(&rule.host) { "https" } else { "http" };
        for path in rule.paths() {
            let mut labels = Labels::new();
            set(&mut labels, "ingress_scheme", scheme);
            set(&mut labels, "ingress_host", &rule.host);
            set(&mut labels, "ingress_path", path);
            targets.push(Target::new(rule.host.as_str(), &shared, labels));
        }
    }
    Ok(targets)
}
