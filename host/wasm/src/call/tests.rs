use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_platform::RealDisk;

use super::*;
use crate::sandbox::{CacheStats, SandboxConfig};

const MIB: u64 = 1 << 20;

fn budget() -> Budget {
    Budget {
        memory_bytes: 4 * MIB,
        cpu: Duration::from_millis(100),
        wall: Duration::from_secs(30),
        result_bytes: 1 << 20,
    }
}

/// A component whose export `run` does `body`, beside whatever else the module holds.
fn guest(rest: &str, body: &str) -> Arc<[u8]> {
    let text = format!(
        r#"(component
            (core module $m {rest} (func $run (export "run") {body}))
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "run"))))"#
    );
    wat::parse_str(text).unwrap().into()
}

/// A component whose export `run` answers a text of so many bytes.
fn talker(bytes: u32) -> Arc<[u8]> {
    let text = format!(
        r#"(component
            (core module $m
                (memory (export "memory") 48)
                (func (export "run") (result i32)
                    (i32.store (i32.const 0) (i32.const 8))
                    (i32.store (i32.const 4) (i32.const {bytes}))
                    (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "run") (result string)
                (canon lift (core func $i "run") (memory (core memory $i "memory")))))"#
    );
    wat::parse_str(text).unwrap().into()
}

/// A component of modules, each so many times.
fn made_of(modules: &[(&str, usize)]) -> Arc<[u8]> {
    let module = |(number, (module, times)): (usize, &(&str, usize))| {
        let instance = format!("(core instance (instantiate $m{number}))");
        format!("(core module $m{number} {module}) {}", instance.repeat(*times))
    };
    let modules: String = modules.iter().enumerate().map(module).collect();
    wat::parse_str(format!("(component {modules})")).unwrap().into()
}

async fn call<R>(sandbox: &Sandbox, bytes: Arc<[u8]>, budget: Budget) -> Outcome<R, ()>
where
    R: wasmtime::component::ComponentNamedList + wasmtime::component::Lift + Send + Sync + 'static,
{
    let code = sandbox.compile(bytes).await.unwrap();
    let pre = code.link(&sandbox.linker::<()>().unwrap()).unwrap();
    let call = sandbox.begin(budget).await.unwrap();
    call.run((), move |store| {
        Box::pin(async move {
            let instance = pre.instantiate_async(&mut *store).await?;
            let run = instance.get_typed_func::<(), R>(&mut *store, "run")?;
            run.call_async(store, ()).await
        })
    })
    .await
}

fn sandbox() -> Sandbox {
    Sandbox::start(SandboxConfig::default()).unwrap()
}

async fn killed(rest: &str, body: &str) -> KillReason {
    call::<()>(&sandbox(), guest(rest, body), budget()).await.result.unwrap_err()
}

#[tokio::test]
async fn an_answer_comes_with_what_it_cost() {
    let outcome = call::<(String,)>(&sandbox(), talker(3), budget()).await;
    assert_eq!(outcome.result.unwrap().0.len(), 3);
    assert_eq!(outcome.usage.memory_bytes_peak, 48 * 64 * 1024);
}

#[tokio::test]
async fn a_guest_that_computes_for_ever_spends_its_processor_time() {
    let reason = killed("", "(loop br 0)").await;
    assert_eq!(reason, KillReason::Cpu { limit: Duration::from_millis(100) });
}

#[tokio::test]
async fn a_busy_guest_leaves_its_thread_to_others() {
    let sandbox = sandbox();
    let endless = Budget { cpu: Duration::from_secs(600), ..budget() };
    let busy = call::<()>(&sandbox, guest("", "(loop br 0)"), endless);
    // One thread: the neighbor can only end while the loop still runs if the loop yields.
    let neighbor = call::<()>(&sandbox, guest("", "nop"), budget());
    tokio::select! {
        biased;
        outcome = busy => panic!("the endless loop ended: {outcome:?}"),
        outcome = neighbor => outcome.result.unwrap(),
    }
}

#[tokio::test]
async fn a_guest_that_is_slow_runs_out_of_wall_time() {
    let slow =
        Budget { cpu: Duration::from_secs(600), wall: Duration::from_millis(50), ..budget() };
    let outcome = call::<()>(&sandbox(), guest("", "(loop br 0)"), slow).await;
    assert_eq!(outcome.result, Err(KillReason::Wall { limit: Duration::from_millis(50) }));
}

#[tokio::test]
async fn a_guest_that_cannot_have_memory_is_told_apart_from_one_that_panics() {
    let grow = "(if (i32.eq (memory.grow (i32.const 999)) (i32.const -1)) (then unreachable))";
    let reason = killed("(memory 1)", grow).await;
    assert_eq!(reason, KillReason::Memory { limit_bytes: 4 * MIB });
    let reason = killed("(memory 1)", "unreachable").await;
    let KillReason::Trap { reason, backtrace } = reason else { panic!("{reason:?}") };
    assert!(reason.contains("unreachable"), "{reason}");
    assert!(backtrace[0].contains("run"), "{backtrace:?}");
}

#[tokio::test]
async fn a_guest_that_has_too_much_memory_from_the_start_is_refused_as_such() {
    let outcome = call::<()>(&sandbox(), guest("(memory 999)", "nop"), budget()).await;
    assert_eq!(outcome.result, Err(KillReason::Memory { limit_bytes: 4 * MIB }));
}

#[tokio::test]
async fn a_guest_that_may_not_grow_and_lives_with_it_answers() {
    let stubborn = guest("(memory 1)", "(drop (memory.grow (i32.const 999)))");
    let outcome = call::<()>(&sandbox(), stubborn, budget()).await;
    assert_eq!(outcome.result, Ok(()));
}

#[tokio::test]
async fn a_recursion_without_end_is_a_stack_that_ran_out() {
    let reason = killed("", "(call $run)").await;
    assert_eq!(reason.word(), "stack", "{reason}");
    // As compilers do it: a stack in memory that grows down from low addresses and wraps around.
    let global = r#"(memory 1) (global $sp (mut i32) (i32.const 1024))"#;
    let body = "(global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
                (i32.store (global.get $sp) (i32.const 1)) (call $run)";
    let reason = killed(global, body).await;
    assert_eq!(reason.word(), "stack", "{reason}");
}

#[tokio::test]
async fn long_names_of_functions_are_cut_and_stay_on_one_line() {
    let name = format!("\\1b[31m{}", "x".repeat(100_000));
    let rest = format!(r#"(func $deep (@name "{name}") unreachable)"#);
    let reason = killed(&rest, "(call $deep)").await;
    let KillReason::Trap { backtrace, .. } = &reason else { panic!("{reason:?}") };
    assert!(backtrace[0].starts_with("[31mxxx"), "{}", backtrace[0]);
    assert!(backtrace.iter().all(|name| name.len() <= 200), "{backtrace:?}");
    let shown = reason.to_string();
    assert!(shown.len() < 2_000 && !shown.contains(char::is_control), "{shown}");
    // Names as they are written, otherwise.
    let reason = killed(r#"(func $deep (@name "deep") unreachable)"#, "(call $deep)").await;
    assert!(reason.to_string().contains("deep"), "{reason}");
}

#[tokio::test]
async fn as_many_calls_of_the_largest_component_run_as_there_are_slots() {
    let config = SandboxConfig { calls_max: 20, waiting_max: 0, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).unwrap();
    let largest = made_of(&[("(memory 1)", 2), ("(table 1 funcref)", 8), ("", 54)]);
    let code = sandbox.compile(largest).await.unwrap();
    let pre = code.link(&sandbox.linker::<()>().unwrap()).unwrap();
    let all_have_begun = Arc::new(tokio::sync::Barrier::new(20));
    let calls = (0..20).map(|_| async {
        let (pre, all_have_begun) = (pre.clone(), Arc::clone(&all_have_begun));
        let call = sandbox.begin(budget()).await.unwrap();
        let outcome = call.run((), move |store| {
            Box::pin(async move {
                pre.instantiate_async(&mut *store).await?;
                all_have_begun.wait().await;
                Ok(())
            })
        });
        outcome.await.result.unwrap();
    });
    futures_util::future::join_all(calls).await;
}

#[tokio::test]
async fn a_component_that_takes_more_than_its_part_of_the_pool_is_refused() {
    for greedy in [("(table 1 funcref)", 9), ("(memory 1)", 3), ("", 65)] {
        let refused = sandbox().compile(made_of(&[greedy])).await.unwrap_err().to_string();
        assert!(refused.contains("exceeds the configured maximum"), "{refused}");
    }
}

#[tokio::test]
async fn a_component_with_too_many_exports_is_refused() {
    let with = |exports: usize| -> Arc<[u8]> {
        let export = |number| format!("(export \"e{number}\" (type $t))");
        let exports: String = (0..exports).map(export).collect();
        wat::parse_str(format!("(component (type $t (record (field \"a\" u8))) {exports})"))
            .unwrap()
            .into()
    };
    sandbox().compile(with(1_000)).await.unwrap();
    let refused = sandbox().compile(with(1_001)).await.unwrap_err().to_string();
    assert_eq!(refused, "the component has 1001 imports and exports and may have 1000");
}

#[tokio::test]
async fn an_empty_pool_is_no_fault_of_the_guest() {
    let config = SandboxConfig { calls_max: 1, waiting_max: 0, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).unwrap();
    let code = sandbox.compile(guest("", "nop")).await.unwrap();
    let pre = code.link(&sandbox.linker::<()>().unwrap()).unwrap();
    let call = sandbox.begin(budget()).await.unwrap();
    let outcome: Outcome<(), ()> = call
        .run((), move |store| {
            Box::pin(async move {
                loop {
                    pre.instantiate_async(&mut *store).await?;
                }
            })
        })
        .await;
    assert_eq!(outcome.result.unwrap_err().word(), "full");
}

#[tokio::test]
async fn a_wild_read_is_a_trap() {
    let reason = killed("(memory 1)", "(drop (i32.load (i32.const 0xfffffff0)))").await;
    let KillReason::Trap { reason, .. } = reason else { panic!("{reason:?}") };
    assert!(reason.contains("out of bounds"), "{reason}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_taken() {
    let outcome = call::<(String,)>(&sandbox(), talker(2 << 20), budget()).await;
    assert_eq!(outcome.result, Err(KillReason::ResultTooLarge { limit_bytes: 1 << 20 }));
}

#[tokio::test]
async fn calls_beyond_the_slots_wait_and_then_are_told() {
    let sandbox =
        Sandbox::start(SandboxConfig { calls_max: 1, ..SandboxConfig::default() }).unwrap();
    let _running = sandbox.begin(budget()).await.unwrap();
    let short = Budget { wall: Duration::from_millis(10), ..budget() };
    assert!(sandbox.begin(short).await.is_none());
}

#[tokio::test]
async fn calls_that_wait_take_no_slot_of_the_others() {
    let sandbox =
        Sandbox::start(SandboxConfig { calls_max: 1, waiting_max: 1, ..SandboxConfig::default() })
            .unwrap();
    let waiting = sandbox.begin_waiting(sandbox.try_waiting().unwrap(), budget());
    assert!(sandbox.try_waiting().is_none());
    assert!(sandbox.begin(budget()).await.is_some());
    drop(waiting);
    assert!(sandbox.try_waiting().is_some());
}

fn cached(folder: &tempfile::TempDir) -> SandboxConfig {
    let cache = Utf8PathBuf::from_path_buf(folder.path().join("cache")).unwrap();
    SandboxConfig {
        cache_folder: Some(cache),
        disk: RealDisk::shared(),
        ..SandboxConfig::default()
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test damages files as a disk would")]
async fn compiled_code_is_found_again_and_damage_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let stats = async |expected: (u64, u64)| {
        let sandbox = Sandbox::start(cached(&folder)).unwrap();
        assert_eq!(call::<()>(&sandbox, guest("", "nop"), budget()).await.result, Ok(()));
        let (hits, misses) = expected;
        assert_eq!(sandbox.cache_stats(), CacheStats { hits, misses });
    };
    stats((0, 1)).await;
    stats((1, 0)).await;
    let files = std::fs::read_dir(folder.path().join("cache")).unwrap();
    let is_code = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "cwasm");
    let code = files.map(|file| file.unwrap().path()).find(is_code).unwrap();
    let mut bytes = std::fs::read(&code).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&code, bytes).unwrap();
    stats((0, 1)).await;
    stats((1, 0)).await;
}

#[tokio::test]
async fn compiled_code_of_others_is_never_run() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    drop(Sandbox::start(cached(&folder)).unwrap());
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path().join("cache"), open).unwrap();
    let error = Sandbox::start(cached(&folder)).unwrap_err().to_string();
    assert!(error.contains("open to other users"), "{error}");
}

#[tokio::test]
async fn old_code_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(cached(&folder)).unwrap();
    let one = sandbox.compile(guest("", "nop")).await.unwrap().digest();
    sandbox.compile(guest("", "unreachable")).await.unwrap();
    sandbox.retain_compiled(&[one]);
    let left = std::fs::read_dir(folder.path().join("cache")).unwrap();
    let names = left.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| name.starts_with(&one.hex())));
}

/// A component that has `wasi:http` make an empty set of headers, if `body` calls `$make`.
fn sender(body: &str) -> Arc<[u8]> {
    let text = format!(
        r#"(component
            (import "wasi:http/types@0.2.10" (instance $http
                (export "fields" (type $fields (sub resource)))
                (export "[constructor]fields" (func (result (own $fields))))))
            (core func $make (canon lower (func $http "[constructor]fields")))
            (core module $m
                (import "http" "make" (func $make (result i32)))
                (func (export "run") {body}))
            (core instance $i (instantiate $m
                (with "http" (instance (export "make" (func $make))))))
            (func (export "run") (canon lift (core func $i "run"))))"#
    );
    wat::parse_str(text).unwrap().into()
}

#[tokio::test]
async fn http_of_wasi_may_be_imported_and_not_called() {
    let sandbox = sandbox();
    call::<()>(&sandbox, sender(""), budget()).await.result.unwrap();
    let reason = call::<()>(&sandbox, sender("(drop (call $make))"), budget()).await;
    let reason = reason.result.unwrap_err().to_string();
    let expected = "it trapped: it called [constructor]fields of wasi:http/types@0.2.10, \
                    which is there to be imported and refused when called";
    assert!(reason.starts_with(expected), "{reason}");
}

/// What engines of JavaScript import: `wasi:http` whose streams are those of `wasi:io`.
#[tokio::test]
async fn streams_of_http_are_those_of_io() {
    let text = r#"(component
        (import "wasi:io/error@0.2.12" (instance $error (export "error" (type (sub resource)))))
        (alias export $error "error" (type $error-type))
        (import "wasi:io/poll@0.2.12" (instance $poll (export "pollable" (type (sub resource)))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:io/streams@0.2.12" (instance $streams
            (export "input-stream" (type (sub resource)))
            (export "output-stream" (type (sub resource)))))
        (alias export $streams "input-stream" (type $input))
        (alias export $streams "output-stream" (type $output))
        (import "wasi:cli/stderr@0.2.12" (instance $stderr
            (alias outer 1 $output (type $outer))
            (export "output-stream" (type $own (eq $outer)))
            (export "get-stderr" (func (result (own $own))))))
        (import "wasi:http/types@0.2.10" (instance $http
            (alias outer 1 $error-type (type $outer-error))
            (alias outer 1 $pollable (type $outer-pollable))
            (alias outer 1 $input (type $outer-input))
            (alias outer 1 $output (type $outer-output))
            (export "io-error" (type $io-error (eq $outer-error)))
            (export "pollable" (type $own-pollable (eq $outer-pollable)))
            (export "input-stream" (type $own-input (eq $outer-input)))
            (export "output-stream" (type $own-output (eq $outer-output)))
            (export "fields" (type $fields (sub resource)))
            (export "http-error-code" (func (param "error" (borrow $io-error)) (result bool)))
            (export "wait" (func (param "of" (borrow $fields)) (result (own $own-pollable))))
            (export "read" (func (param "of" (borrow $fields)) (result (own $own-input))))
            (export "write" (func (param "to" (borrow $own-output))))))
        (core func $get-stderr (canon lower (func $stderr "get-stderr")))
        (core func $write (canon lower (func $http "write")))
        (core func $drop (canon resource.drop $output))
        (core module $m
            (import "host" "get-stderr" (func $get-stderr (result i32)))
            (import "host" "write" (func $write (param i32)))
            (import "host" "drop" (func $drop (param i32)))
            (func (export "run") BODY))
        (core instance $i (instantiate $m (with "host" (instance
            (export "get-stderr" (func $get-stderr))
            (export "write" (func $write))
            (export "drop" (func $drop))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    let guest = |body: &str| wat::parse_str(text.replace("BODY", body)).unwrap().into();
    let sandbox = sandbox();
    call::<()>(&sandbox, guest("(call $drop (call $get-stderr))"), budget()).await.result.unwrap();
    let write = guest("(call $write (call $get-stderr))");
    let reason = call::<()>(&sandbox, write, budget()).await.result.unwrap_err().to_string();
    assert!(reason.contains("it called write of wasi:http/types@0.2.10"), "{reason}");
}
