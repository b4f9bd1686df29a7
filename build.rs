//! How the program is linked: the line tables that profiles and backtraces need are kept compressed, half of its size.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is =
        |name: &str, value: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).is_ok_and(|found| found == value);
    if is("OS", "linux") && is("ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,--compress-debug-sections=zlib");
    }
}
