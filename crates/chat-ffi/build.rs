//! Gives the shared library its soname and the code its ABI number, both from Cargo.toml.

use std::fs;

fn main() {
    println!("cargo::rerun-if-changed=Cargo.toml");
    println!("cargo::rerun-if-changed=build.rs");
    let manifest =
        fs::read_to_string("Cargo.toml").expect("the manifest is beside the build script");
    let abi =
        abi(&manifest).expect("the manifest has `abi = N` under [package.metadata.chatmodel]");
    println!("cargo::rustc-env=CHATMODEL_ABI={abi}");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos" | "ios") => println!(
            "cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libchatmodel.{abi}.dylib"
        ),
        Ok("windows") => {}
        _ => println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libchatmodel.so.{abi}"),
    }
}

fn abi(manifest: &str) -> Option<u32> {
    let (_, section) = manifest.split_once("[package.metadata.chatmodel]")?;
    let line = section.lines().find_map(|line| line.strip_prefix("abi ="))?;
    line.trim().parse().ok()
}
