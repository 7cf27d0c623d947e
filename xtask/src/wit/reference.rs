//! The reference page: every interface of the contract with its types, its functions and what is said of them.

use std::fmt::Write as _;

use anyhow::Context as _;
use wit_parser::{
    Docs, Function, Handle, Interface, PackageId, Resolve, Type, TypeDef, TypeDefKind,
};

/// Interfaces in the order in which a reader meets them, and under which heading.
const PARTS: [(&str, &[&str]); 3] = [
    ("What a plugin exports", &["lifecycle", "exporter-api", "discovery-api", "notifier-api"]),
    ("What a plugin may import", &["log", "clock", "http", "tcp", "dns", "files", "kv"]),
    ("Shapes that several interfaces use", &["types"]),
];

const HEAD: &str = "\
# Capability reference

Made of `wit/narthex.wit` by `cargo xtask wit`; edits belong there. [wit/README.md](../../../wit/README.md) tells how the
parts work together, and [security.md](security.md) what is promised.

| import | always there | what it needs under `plugins.allow.<name>` |
|---|---|---|
| `log` | yes | nothing |
| `clock` | yes | nothing |
| `http`, `tcp` | to the target of the call, and to hosts in the configuration | `net: [\"host:port\"]` |
| `dns` | for the same names | `net`, with any port |
| `files` | no; `node` has `/proc`, `/sys` and the usage of file systems | `files: { root: /path }` |
| `kv` | yes, within its size | `kv: <size>` for more |
";

/// The whole page.
pub(super) fn page(resolve: &Resolve, package: PackageId) -> anyhow::Result<String> {
    let package = resolve.packages.get(package).context("find the package")?;
    let mut page = String::from(HEAD);
    let named: Vec<&str> = PARTS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let others: Vec<&str> =
        package.interfaces.keys().map(String::as_str).filter(|own| !named.contains(own)).collect();
    for (heading, names) in PARTS {
        let more = if heading == "What a plugin may import" { others.as_slice() } else { &[] };
        writeln!(page, "\n## {heading}")?;
        for name in names.iter().chain(more) {
            let id = package.interfaces.get(*name).with_context(|| format!("find {name}"))?;
            let found = resolve.interfaces.get(*id).with_context(|| format!("find {name}"))?;
            interface(&mut page, resolve, name, found)?;
        }
    }
    Ok(page)
}

fn interface(
    page: &mut String,
    resolve: &Resolve,
    name: &str,
    it: &Interface,
) -> anyhow::Result<()> {
    writeln!(page, "\n### {name}\n\n{}", prose(&it.docs))?;
    for (name, id) in &it.types {
        let found = resolve.types.get(*id).with_context(|| format!("find the type {name}"))?;
        type_of(page, resolve, name, found)?;
    }
    for function in it.functions.values() {
        let signature = signature(resolve, function);
        writeln!(
            page,
            "\n#### {}\n\n```wit\n{signature}\n```\n\n{}",
            title(function),
            prose(&function.docs)
        )?;
    }
    Ok(())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other types have nothing to list")]
fn type_of(page: &mut String, resolve: &Resolve, name: &str, it: &TypeDef) -> anyhow::Result<()> {
    let kind = it.kind.as_str();
    // A shape of another interface is told there.
    if matches!(it.kind, TypeDefKind::Type(_)) {
        return Ok(());
    }
    writeln!(page, "\n#### {kind} {name}\n\n{}", prose(&it.docs))?;
    let mut rows: Vec<(String, String, String)> = Vec::new();
    let mut columns = "| field | type | what it is |\n|---|---|---|";
    match &it.kind {
        TypeDefKind::Record(record) => {
            for field in &record.fields {
                rows.push((field.name.clone(), type_name(resolve, &field.ty), cell(&field.docs)));
            }
        }
        TypeDefKind::Variant(variant) => {
            columns = "| case | with | what it says |\n|---|---|---|";
            for case in &variant.cases {
                let with = case.ty.as_ref().map(|ty| type_name(resolve, ty)).unwrap_or_default();
                rows.push((case.name.clone(), with, cell(&case.docs)));
            }
        }
        TypeDefKind::Enum(cases) => {
            columns = "| case | what it says |\n|---|---|";
            for case in &cases.cases {
                rows.push((case.name.clone(), String::new(), cell(&case.docs)));
            }
        }
        _ => return Ok(()),
    }
    writeln!(page, "\n{columns}")?;
    let is_narrow = matches!(it.kind, TypeDefKind::Enum(_));
    for (name, ty, docs) in rows {
        let ty = if ty.is_empty() { ty } else { format!("`{ty}`") };
        if is_narrow {
            writeln!(page, "| `{name}` | {docs} |")?;
        } else {
            writeln!(page, "| `{name}` | {ty} | {docs} |")?;
        }
    }
    Ok(())
}

/// `connection.read` for `[method]connection.read`.
fn title(function: &Function) -> &str {
    function.name.rsplit_once(']').map_or(&*function.name, |(_, name)| name)
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let is_method = function.name.starts_with("[method]");
    let parameters = function.params.iter().skip(usize::from(is_method));
    let parameters: Vec<String> =
        parameters.map(|it| format!("{}: {}", it.name, type_name(resolve, &it.ty))).collect();
    let how = if function.name.starts_with("[static]") { "static func" } else { "func" };
    let answer = function.result.as_ref().map(|ty| format!(" -> {}", type_name(resolve, ty)));
    format!(
        "{}: {how}({}){}",
        function.item_name(),
        parameters.join(", "),
        answer.unwrap_or_default()
    )
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other types are told by their word")]
fn type_name(resolve: &Resolve, ty: &Type) -> String {
    let id = match ty {
        Type::Bool => return "bool".to_owned(),
        Type::U8 => return "u8".to_owned(),
        Type::U16 => return "u16".to_owned(),
        Type::U32 => return "u32".to_owned(),
        Type::U64 => return "u64".to_owned(),
        Type::S8 => return "s8".to_owned(),
        Type::S16 => return "s16".to_owned(),
        Type::S32 => return "s32".to_owned(),
        Type::S64 => return "s64".to_owned(),
        Type::F32 => return "f32".to_owned(),
        Type::F64 => return "f64".to_owned(),
        Type::Char => return "char".to_owned(),
        Type::String => return "string".to_owned(),
        Type::ErrorContext => return "error-context".to_owned(),
        Type::Id(id) => *id,
    };
    let Some(found) = resolve.types.get(id) else { return String::new() };
    if let Some(name) = &found.name {
        return name.clone();
    }
    let inner = |ty: &Type| type_name(resolve, ty);
    let or_none = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), inner);
    match &found.kind {
        TypeDefKind::List(item) => format!("list<{}>", inner(item)),
        TypeDefKind::Option(some) => format!("option<{}>", inner(some)),
        TypeDefKind::Result(result) if result.err.is_none() => match &result.ok {
            Some(ok) => format!("result<{}>", inner(ok)),
            None => "result".to_owned(),
        },
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", or_none(&result.ok), or_none(&result.err))
        }
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(inner).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => {
            resolve.types.get(*id).and_then(|own| own.name.clone()).unwrap_or_default()
        }
        other => other.as_str().to_owned(),
    }
}

/// Comments as paragraphs and lists, as they are written.
fn prose(docs: &Docs) -> String {
    let text = docs.contents.as_deref().unwrap_or_default();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Comments in one cell of a table.
fn cell(docs: &Docs) -> String {
    let text = docs.contents.as_deref().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
