//! Components, as they lie in the plugin folder.
//!
//! Oracle: whatever the bytes are, they are refused in words or linked; what is linked is instantiated within a
//! budget, and the host goes on.

use std::sync::LazyLock;
use std::time::Duration;

use narthex_wasm::wasmtime::component::Linker;
use narthex_wasm::{Budget, Contract, Guest, InterfaceName, Sandbox, SandboxConfig};

use crate::Chance;

/// What the components are compared with.
const CONTRACT: &str = r#"(component
    (import "narthex:plugin/clock@1.0.0" (instance
        (export "wall-ms" (func (result s64)))
        (export "sleep-ms" (func (param "ms" u32)))))
    (core module $m (func (export "run")))
    (core instance $i (instantiate $m))
    (func $run (canon lift (core func $i "run")))
    (instance $api (export "run" (func $run)))
    (export "narthex:plugin/lifecycle@1.0.0" (instance $api)))"#;

/// Tight, so that many inputs are tried.
const BUDGET: Budget = Budget {
    memory_bytes: 1 << 20,
    cpu: Duration::from_millis(10),
    wall: Duration::from_secs(5),
    result_bytes: 1 << 16,
};

/// One sandbox for all inputs: what one of them does to it, the next ones meet.
struct Host {
    runtime: tokio::runtime::Runtime,
    sandbox: Sandbox,
    linker: Linker<Guest<()>>,
    contract: Contract,
}

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let sandbox = Sandbox::start(SandboxConfig::default()).expect("a sandbox");
    let linker = sandbox.linker().expect("a linker");
    let contract = wat::parse_str(CONTRACT).expect("the contract is a component");
    let contract = runtime.block_on(sandbox.compile(contract.into()));
    Host { runtime, sandbox, linker, contract: Contract::new(contract.expect("it compiles")) }
});

pub(super) fn check(bytes: &[u8]) {
    let Host { runtime, sandbox, linker, contract } = &*HOST;
    let code = match runtime.block_on(sandbox.compile(bytes.into())) {
        Ok(code) => code,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let offered = [InterfaceName::parse("narthex:plugin/clock@1.0.0")];
    for mismatch in code.surface().mismatches(&offered) {
        assert!(mismatch.to_string().contains("it imports"), "{mismatch}");
    }
    for misfit in contract.misfits(&code, &["narthex:plugin/lifecycle"]) {
        assert!(misfit.to_string().contains("@1"), "{misfit}");
    }
    let Ok(linked) = linker.instantiate_pre(code.component()) else { return };
    runtime.block_on(async {
        let call = sandbox.begin(BUDGET).await.expect("every call before gave its slot back");
        let outcome = call.run((), |store| {
            Box::pin(async move { linked.instantiate_async(store).await.map(|_| ()) })
        });
        // Whatever it did, what it spent is known and within its budget.
        let spent = outcome.await.usage;
        assert!(spent.memory_bytes_peak <= BUDGET.memory_bytes, "{spent:?}");
    });
}

/// Small components: good ones, and ones that misbehave when they are instantiated.
pub(super) fn generate(chance: &mut Chance) -> Vec<u8> {
    let version = *chance.pick(&["1.0.0", "1.1.0", "2.0.0", "0.1.0"]);
    let function = *chance.pick(&[
        r#"(export "wall-ms" (func (result s64)))"#,
        r#"(export "wall-ms" (func (param "a" string)))"#,
        r#"(export "uptime-ms" (func (result u64)))"#,
    ]);
    let import = format!(r#"(import "narthex:plugin/clock@{version}" (instance {function}))"#);
    let import = if chance.once_in(2) { import } else { String::new() };
    let pages = chance.pick(&[0, 1, 15, 17, 60_000]);
    let start = *chance.pick(&[
        "nop",
        "(loop br 0)",
        "unreachable",
        "(drop (memory.grow (i32.const 1000)))",
        "(i32.store (i32.const -8) (i32.const 1))",
        "call $start",
    ]);
    let module = format!(
        r#"(core module $m (memory {pages}) (func $start {start}) (start $start) (func (export "run")))"#
    );
    let module = if *pages > 0 && chance.once_in(3) {
        module.replace("(memory 1)", "(memory 1) (data (i32.const 65530) \"0123456789\")")
    } else {
        module
    };
    let text = format!(
        r#"(component {import} {module}
            (core instance $i (instantiate $m))
            (func $run (canon lift (core func $i "run")))
            (instance $api (export "run" (func $run)))
            (export "narthex:plugin/lifecycle@1.0.0" (instance $api)))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
