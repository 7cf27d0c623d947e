//! `wasi:http`, which engines of JavaScript import whether a script uses it or not: there to be
//! linked, refused when called.
//!
//! Invariant: no function of it does anything: what a guest may reach is decided by the imports of
//! the caller, and this is no way around them.

use wasmtime::Engine;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{InstancePre, Linker, LinkerInstance, ResourceType};

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
        let refused: Vec<(&str, ComponentInstance)> = component_type
            .imports(engine)
            .filter(|(name, _)| is_refused_wasi(name))
            .filter_map(|(name, import)| match import.ty {
                ComponentItem::ComponentInstance(instance) => Some((name, instance)),
                ComponentItem::ComponentFunc(_)
                | ComponentItem::CoreFunc(_)
                | ComponentItem::Module(_)
                | ComponentItem::Component(_)
                | ComponentItem::Type(_)
                | ComponentItem::Resource(_) => None,
            })
            .collect();
        if refused.is_empty() {
            return linker.instantiate_pre(component);
        }
        let mut linker = linker.clone();
        for (name, instance) in refused {
            refuse(&mut linker.instance(name)?, name, &instance, engine)?;
        }
        linker.instantiate_pre(component)
    }
}

/// Defines what an interface holds, in the version and to the extent that the component wants it.
fn refuse<T: 'static>(
    linker: &mut LinkerInstance<'_, T>,
    interface: &str,
    wanted: &ComponentInstance,
    engine: &Engine,
) -> wasmtime::Result<()> {
    for (name, export) in wanted.exports(engine) {
        match export.ty {
            ComponentItem::ComponentFunc(_) => {
                let (interface, function) = (interface.to_owned(), name.to_owned());
                let refused = RefusedCall { interface, function };
                linker.func_new(name, move |_, _, _, _| Err(refused.clone().into()))?;
            }
            ComponentItem::Resource(_) => {
                linker.resource(name, ResourceType::host::<Never>(), |_, _| Ok(()))?;
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
