//! Finds libsslcuda: in SSLCUDA_LIB_DIR, else where pkg-config says.
//!
//! Dependents may read DEP_SSLCUDA_INCLUDE in their build scripts, the folder of sslcuda.h.

use std::env;
use std::process::Command;

/// The words that `pkg-config OPTION sslcuda` prints.
fn pkg_config(option: &str) -> Result<Vec<String>, String> {
    let program = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".to_string());
    let output = Command::new(&program)
        .args([option, "sslcuda >= 1.0"])
        .output()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_string());
    }
    let words = String::from_utf8_lossy(&output.stdout);
    Ok(words.split_whitespace().map(str::to_string).collect())
}

fn main() {
    for name in [
        "SSLCUDA_LIB_DIR",
        "SSLCUDA_INCLUDE_DIR",
        "PKG_CONFIG",
        "PKG_CONFIG_PATH",
    ] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("DOCS_RS").is_some() {
        return; // documentation is made without the library
    }
    if let Ok(folder) = env::var("SSLCUDA_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
        if let Ok(include) = env::var("SSLCUDA_INCLUDE_DIR") {
            println!("cargo:include={include}");
        }
        return;
    }
    match (pkg_config("--libs-only-L"), pkg_config("--cflags-only-I")) {
        (Ok(libraries), Ok(includes)) => {
            for folder in libraries.iter().filter_map(|word| word.strip_prefix("-L")) {
                println!("cargo:rustc-link-search=native={folder}");
            }
            if let Some(folder) = includes.iter().find_map(|word| word.strip_prefix("-I")) {
                println!("cargo:include={folder}");
            }
        }
        (Err(message), _) | (_, Err(message)) => {
            eprintln!("libsslcuda was not found: {message}");
            eprintln!(
                "Install it (cmake --install) and set PKG_CONFIG_PATH to the folder of sslcuda.pc, \
                 or set SSLCUDA_LIB_DIR to the folder of libsslcuda.so."
            );
            std::process::exit(1);
        }
    }
}
