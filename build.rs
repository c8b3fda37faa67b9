//! Tells the program where Cargo puts the engine as an extension module of Python.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // `target/PROFILE/build/gregaria-HASH/out`: the library, which Cargo builds before the program, is in
    // `target/PROFILE/deps`. Cargo has no stable name for it (artifact dependencies would be one).
    let out = env::var_os("OUT_DIR").expect("Cargo sets it");
    let profile = Path::new(&out).ancestors().nth(3).expect("Cargo's folders");
    println!(
        "cargo::rustc-env=GREGARIA_EXTENSION={}",
        profile.join("deps/libgregaria.so").display()
    );
}
