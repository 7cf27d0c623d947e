//! What the functions of a contract look like, and how those of a component differ from them, in words.
//!
//! The engine says that something does not fit, and names one thing in words of its own. Who reads a
//! refusal wants to know what the component has, what this host has, and all of it at once.

use std::fmt;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};

use crate::code::Code;
use crate::surface::InterfaceName;

/// How deep types are compared; those of components are not recursive.
const DEPTH_MAX: usize = 32;

/// A component that imports and exports all that a contract has, and does nothing.
#[derive(Clone, Debug)]
pub struct Contract(Code);

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// An import asks for a function that the host's version of the interface has not.
    NotOffered {
        /// The function.
        function: String,
        /// The interface that is imported.
        wanted: InterfaceName,
        /// The same interface in the host's version.
        offered: InterfaceName,
    },
    /// An interface that has to be exported is not.
    NotExported {
        /// The interface.
        interface: InterfaceName,
    },
    /// An interface is exported without one of its functions.
    Lacking {
        /// The function.
        function: String,
        /// The interface that is exported.
        exported: InterfaceName,
        /// The same interface in the host's version.
        offered: InterfaceName,
    },
    /// A function has other types.
    Differs {
        /// The function.
        function: String,
        /// The component's interface.
        interface: InterfaceName,
        /// The same interface in the host's version.
        offered: InterfaceName,
        /// Where the types differ.
        difference: Difference,
    },
}

/// Where two types part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// From the function inwards: a parameter, a field.
    at: Vec<String>,
    component: String,
    host: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered { function, wanted, offered } => {
                write!(
                    f,
                    "it imports `{function}` of {wanted}; this host offers {offered}, which "
                )?;
                if wanted.version > offered.version {
                    f.write_str("has no such function: the component needs a newer host")
                } else {
                    f.write_str("has no such function")
                }
            }
            Self::NotExported { interface } => {
                write!(f, "it does not export {interface}, which this host asks of every plugin")
            }
            Self::Lacking { function, exported, offered } => write!(
                f,
                "it exports {exported} without `{function}`, which {offered} of this host has"
            ),
            Self::Differs { function, interface, offered, difference } => write!(
                f,
                "`{function}` of {interface} is not that of this host's {offered}: {difference}"
            ),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, component, host } = self;
        if !at.is_empty() {
            write!(f, "{}: ", at.join(", "))?;
        }
        write!(f, "{component} in the component, {host} in the host")
    }
}

impl Contract {
    /// The contract that a component shows by what it imports and exports.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self(code)
    }

    /// Where the functions of `code` differ; `exported` are the paths of interfaces that it must
    /// export, as in `narthex:plugin/lifecycle`. Interfaces that the contract does not know are not
    /// looked at.
    #[must_use]
    pub fn misfits(&self, code: &Code, exported: &[&str]) -> Vec<Misfit> {
        let engine = code.component().engine();
        let (own, theirs) = (Interfaces::of(self.0.component()), Interfaces::of(code.component()));
        let mut misfits = Vec::new();
        for (wanted, instance) in &theirs.imports {
            let serves = |(name, _): &&(InterfaceName, _)| name.serves(wanted);
            let Some((offered, offer)) = own.imports.iter().find(serves) else { continue };
            for (function, found) in functions(instance, engine) {
                let names = (wanted, offered);
                let misfit = match function_of(offer, engine, &function) {
                    Some(expected) => differs(&function, &found, &expected, names),
                    None => Some(Misfit::NotOffered {
                        function: shown(&function),
                        wanted: wanted.clone(),
                        offered: offered.clone(),
                    }),
                };
                misfits.extend(misfit);
            }
        }
        for (offered, offer) in
            own.exports.iter().filter(|(name, _)| exported.contains(&&*name.path))
        {
            let known = theirs.exports.iter().find(|(name, _)| offered.serves(name));
            let Some((name, instance)) = known else {
                misfits.push(Misfit::NotExported { interface: offered.clone() });
                continue;
            };
            for (function, expected) in functions(offer, engine) {
                let misfit = match function_of(instance, engine, &function) {
                    Some(found) => differs(&function, &found, &expected, (name, offered)),
                    None => Some(Misfit::Lacking {
                        function: shown(&function),
                        exported: name.clone(),
                        offered: offered.clone(),
                    }),
                };
                misfits.extend(misfit);
            }
        }
        misfits
    }
}

/// The instances that a component imports and exports.
struct Interfaces {
    imports: Vec<(InterfaceName, ComponentInstance)>,
    exports: Vec<(InterfaceName, ComponentInstance)>,
}

impl Interfaces {
    fn of(component: &Component) -> Self {
        let engine = component.engine();
        let component = component.component_type();
        let instance = |(name, item): (&str, ComponentItem)| match item {
            ComponentItem::ComponentInstance(instance) => {
                Some((InterfaceName::parse(name), instance))
            }
            ComponentItem::ComponentFunc(_)
            | ComponentItem::CoreFunc(_)
            | ComponentItem::Module(_)
            | ComponentItem::Component(_)
            | ComponentItem::Type(_)
            | ComponentItem::Resource(_) => None,
        };
        let imports = component.imports(engine).filter_map(|(name, it)| instance((name, it.ty)));
        let exports = component.exports(engine).filter_map(|(name, it)| instance((name, it.ty)));
        Self { imports: imports.collect(), exports: exports.collect() }
    }
}

fn functions(instance: &ComponentInstance, engine: &Engine) -> Vec<(String, ComponentFunc)> {
    let function = |(name, item): (&str, ComponentItem)| match item {
        ComponentItem::ComponentFunc(function) => Some((name.to_owned(), function)),
        ComponentItem::ComponentInstance(_)
        | ComponentItem::CoreFunc(_)
        | ComponentItem::Module(_)
        | ComponentItem::Component(_)
        | ComponentItem::Type(_)
        | ComponentItem::Resource(_) => None,
    };
    instance.exports(engine).filter_map(|(name, it)| function((name, it.ty))).collect()
}

fn function_of(
    instance: &ComponentInstance,
    engine: &Engine,
    wanted: &str,
) -> Option<ComponentFunc> {
    functions(instance, engine).into_iter().find(|(name, _)| name == wanted).map(|(_, it)| it)
}

/// A function as the contract writes it: `[method]connection.read` is `connection.read`.
fn shown(function: &str) -> String {
    function.rsplit_once(']').map_or(function, |(_, name)| name).to_owned()
}

fn differs(
    function: &str,
    found: &ComponentFunc,
    expected: &ComponentFunc,
    (interface, offered): (&InterfaceName, &InterfaceName),
) -> Option<Misfit> {
    let mut difference = difference(found, expected)?;
    difference.at.reverse();
    let (interface, offered) = (interface.clone(), offered.clone());
    Some(Misfit::Differs { function: shown(function), interface, offered, difference })
}

/// Where two functions part; what lies outermost stands last in its path.
fn difference(found: &ComponentFunc, expected: &ComponentFunc) -> Option<Difference> {
    let told = |found: &ComponentFunc| {
        let names: Vec<&str> = found.params().map(|(name, _)| name).collect();
        match names.is_empty() {
            true => "no parameters".to_owned(),
            false => format!("the parameters {}", names.join(", ")),
        }
    };
    let names = |function: &ComponentFunc| -> Vec<String> {
        function.params().map(|(name, _)| name.to_owned()).collect()
    };
    if names(found) != names(expected) {
        return Some(part(told(found), told(expected)));
    }
    for ((name, found), (_, expected)) in found.params().zip(expected.params()) {
        if let Some(deeper) = types_differ(&found, &expected, 0) {
            return Some(deeper.within(format!("parameter {name}")));
        }
    }
    let (found_answer, expected_answer) = (found.results().next(), expected.results().next());
    let answer = optional_differ(found_answer.as_ref(), expected_answer.as_ref(), 0);
    if let Some(deeper) = answer {
        return Some(deeper.within("the answer".to_owned()));
    }
    let manner = |function: &ComponentFunc| match function.async_() {
        true => "async".to_owned(),
        false => "not async".to_owned(),
    };
    (found.async_() != expected.async_()).then(|| part(manner(found), manner(expected)))
}

fn part(component: String, host: String) -> Difference {
    Difference { at: Vec::new(), component, host }
}

impl Difference {
    fn within(mut self, place: String) -> Self {
        self.at.push(place);
        self
    }
}

fn optional_differ(
    found: Option<&Type>,
    expected: Option<&Type>,
    depth: usize,
) -> Option<Difference> {
    let told = |it: Option<&Type>| it.map_or_else(|| "nothing".to_owned(), name);
    match (found, expected) {
        (None, None) => None,
        (Some(found), Some(expected)) => types_differ(found, expected, depth),
        (Some(_), None) | (None, Some(_)) => Some(part(told(found), told(expected))),
    }
}

fn types_differ(found: &Type, expected: &Type, depth: usize) -> Option<Difference> {
    if depth > DEPTH_MAX {
        return None;
    }
    let inside = |found: &Type, expected: &Type| types_differ(found, expected, depth + 1);
    match (found, expected) {
        (Type::List(found), Type::List(expected)) => {
            Some(inside(&found.ty(), &expected.ty())?.within("each item".to_owned()))
        }
        (Type::Option(found), Type::Option(expected)) => inside(&found.ty(), &expected.ty()),
        (Type::Record(found), Type::Record(expected)) => {
            let fields = |record: &wasmtime::component::types::Record| -> Vec<(String, Type)> {
                record.fields().map(|field| (field.name.to_owned(), field.ty)).collect()
            };
            let (found, expected) = (fields(found), fields(expected));
            let names = |fields: &[(String, Type)]| {
                let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                format!("a record of {}", names.join(", "))
            };
            if names(&found) != names(&expected) {
                return Some(part(names(&found), names(&expected)));
            }
            found.iter().zip(&expected).find_map(|((name, found), (_, expected))| {
                Some(inside(found, expected)?.within(format!("field {name}")))
            })
        }
        (Type::Variant(found), Type::Variant(expected)) => {
            let cases =
                |variant: &wasmtime::component::types::Variant| -> Vec<(String, Option<Type>)> {
                    variant.cases().map(|case| (case.name.to_owned(), case.ty)).collect()
                };
            let (found, expected) = (cases(found), cases(expected));
            let names = |cases: &[(String, Option<Type>)]| {
                let names: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
                format!("the cases {}", names.join(", "))
            };
            if names(&found) != names(&expected) {
                return Some(part(names(&found), names(&expected)));
            }
            found.iter().zip(&expected).find_map(|((name, found), (_, expected))| {
                let deeper = optional_differ(found.as_ref(), expected.as_ref(), depth + 1)?;
                Some(deeper.within(format!("case {name}")))
            })
        }
        (Type::Enum(found), Type::Enum(expected)) => {
            let names = |it: &wasmtime::component::types::Enum| {
                format!("the cases {}", it.names().collect::<Vec<_>>().join(", "))
            };
            (names(found) != names(expected)).then(|| part(names(found), names(expected)))
        }
        (Type::Result(found), Type::Result(expected)) => {
            let ok = optional_differ(found.ok().as_ref(), expected.ok().as_ref(), depth + 1);
            ok.or_else(|| {
                let error =
                    optional_differ(found.err().as_ref(), expected.err().as_ref(), depth + 1)?;
                Some(error.within("its error".to_owned()))
            })
        }
        (Type::Tuple(found), Type::Tuple(expected)) => {
            let (found, expected): (Vec<Type>, Vec<Type>) =
                (found.types().collect(), expected.types().collect());
            if found.len() != expected.len() {
                let told = |types: &[Type]| format!("a tuple of {}", types.len());
                return Some(part(told(&found), told(&expected)));
            }
            found.iter().zip(&expected).find_map(|(found, expected)| inside(found, expected))
        }
        // Resources of two components are never the same to the engine; a contract has few of them.
        (Type::Own(_), Type::Own(_)) | (Type::Borrow(_), Type::Borrow(_)) => None,
        (found, expected) => {
            let (component, host) = (name(found), name(expected));
            (component != host).then(|| part(component, host))
        }
    }
}

/// The outermost part of a type.
fn name(of: &Type) -> String {
    let word = match of {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::List(items) => return format!("list<{}>", name(&items.ty())),
        Type::Option(inner) => return format!("option<{}>", name(&inner.ty())),
        Type::Map(_) => "map",
        Type::Record(_) => "record",
        Type::Tuple(_) => "tuple",
        Type::Variant(_) => "variant",
        Type::Enum(_) => "enum",
        Type::Result(_) => "result",
        Type::Flags(_) => "flags",
        Type::Own(_) => "a resource",
        Type::Borrow(_) => "a borrowed resource",
        Type::Future(_) => "future",
        Type::Stream(_) => "stream",
        Type::ErrorContext => "error-context",
        Type::FixedLengthList(_) => "list of fixed length",
    };
    word.to_owned()
}

#[cfg(test)]
mod tests;
