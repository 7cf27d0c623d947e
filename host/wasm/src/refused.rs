//! `wasi:http`, which engines of JavaScript import whether a script uses it or not: there to be
//! linked, refused when called.
//!
//! Invariant: no function of it does anything: what a guest may reach is decided by the imports of
//! the caller, and this is no way around them.
//! Invariant: where its types are those of another interface, as its streams are, they are the very types
//! that the host serves there: a component that mixes the two links.

use wasmtime::Engine;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{InstancePre, Linker, LinkerInstance, ResourceType};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use crate::code::Code;
use crate::guest::Guest;
use crate::surface::is_refused_wasi;

/// The call of a function that no guest may call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it called {function} of {interface}, which is there to be imported and refused when called"
)]
pub(crate) struct RefusedCall {
    interface: String,
    function: String,
}

/// A resource of which there never is one.
struct Never;

impl Code {
    /// Links the component, which checks the types of all that it imports.
    ///
    /// # Errors
    /// When an import is not in the linker, or is there with another type.
    pub fn link<T: Send + 'static>(
        &self,
        linker: &Linker<Guest<T>>,
    ) -> wasmtime::Result<InstancePre<Guest<T>>> {
        let component = self.component();
        let engine = component.engine();
        let component_type = component.component_type();
        let instances =
            component_type.imports(engine).filter_map(|(name, import)| match import.ty {
                ComponentItem::ComponentInstance(instance) => Some((name, instance)),
                ComponentItem::ComponentFunc(_)
                | ComponentItem::CoreFunc(_)
                | ComponentItem::Module(_)
                | ComponentItem::Component(_)
                | ComponentItem::Type(_)
                | ComponentItem::Resource(_) => None,
            });
        let (refused, others): (Vec<_>, Vec<_>) =
            instances.partition(|(name, _)| is_refused_wasi(name));
        if refused.is_empty() {
            return linker.instantiate_pre(component);
        }
        let served = others
            .iter()
            .flat_map(|(name, instance)| served_resources(name, instance, engine))
            .collect::<Vec<_>>();
        let mut linker = linker.clone();
        for (name, instance) in refused {
            refuse(&mut linker.instance(name)?, (name, &instance), &served, engine)?;
        }
        linker.instantiate_pre(component)
    }
}

/// A resource as the component knows it, and the type that the host serves it with.
type Served = (ResourceType, ResourceType);

/// The resources of an interface of WASI that `wasi:http` shares.
fn served_resources(interface: &str, wanted: &ComponentInstance, engine: &Engine) -> Vec<Served> {
    let interface = interface.split_once('@').map_or(interface, |(name, _)| name);
    let exports = wanted.exports(engine).filter_map(|(name, export)| {
        let ComponentItem::Resource(own) = export.ty else { return None };
        let served = match (interface, name) {
            ("wasi:io/error", "error") => ResourceType::host::<IoError>(),
            ("wasi:io/poll", "pollable") => ResourceType::host::<DynPollable>(),
            ("wasi:io/streams", "input-stream") => ResourceType::host::<DynInputStream>(),
            ("wasi:io/streams", "output-stream") => ResourceType::host::<DynOutputStream>(),
            _ => return None,
        };
        Some((own, served))
    });
    exports.collect()
}

/// Defines what an interface holds, in the version and to the extent that the component wants it.
fn refuse<T: 'static>(
    linker: &mut LinkerInstance<'_, T>,
    (interface, wanted): (&str, &ComponentInstance),
    served: &[Served],
    engine: &Engine,
) -> wasmtime::Result<()> {
    for (name, export) in wanted.exports(engine) {
        match export.ty {
            ComponentItem::ComponentFunc(_) => {
                let (interface, function) = (interface.to_owned(), name.to_owned());
                let refused = RefusedCall { interface, function };
                linker.func_new(name, move |_, _, _, _| Err(refused.clone().into()))?;
            }
            ComponentItem::Resource(own) => {
                let served = served.iter().find(|(known, _)| *known == own);
                let ty = served.map_or_else(ResourceType::host::<Never>, |(_, served)| *served);
                // One that the host serves is dropped where it is served.
                linker.resource(name, ty, |_, _| Ok(()))?;
            }
            // Types need no definition, and an interface of WIT holds nothing else.
            ComponentItem::CoreFunc(_)
            | ComponentItem::Module(_)
            | ComponentItem::Component(_)
            | ComponentItem::ComponentInstance(_)
            | ComponentItem::Type(_) => {}
        }
    }
    Ok(())
}
