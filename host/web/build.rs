//! Embeds the browser UI anew whenever its build changed.

fn main() {
    println!("cargo::rerun-if-changed=ui/dist");
}
