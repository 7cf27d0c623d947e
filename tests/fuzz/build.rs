//! Tells the compiler that `cargo fuzz` sets `fuzzing`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(fuzzing)");
}
