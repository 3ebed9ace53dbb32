//! Tells core that it is built with stand-ins for what tasks share.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(perennial_shuttle)");
    println!("cargo::rustc-cfg=perennial_shuttle");
}
