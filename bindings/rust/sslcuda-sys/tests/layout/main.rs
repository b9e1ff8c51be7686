//! The bindings lay out memory as the C compiler does with the installed header: `bindings/layout.c`
//! prints every constant, size and offset, and Rust's are compared with them.

mod table;

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The folders with sslcuda.h, as build.rs finds them.
fn include_flags() -> Vec<String> {
    if let Ok(folder) = env::var("SSLCUDA_INCLUDE_DIR") {
        return vec![format!("-I{folder}")];
    }
    let output = Command::new("pkg-config")
        .args(["--cflags", "sslcuda"])
        .output();
    let words = output.expect("pkg-config runs").stdout;
    let words = String::from_utf8(words).expect("pkg-config prints text");
    words.split_whitespace().map(str::to_string).collect()
}

fn layout_of_c() -> BTreeMap<String, i64> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../layout.c");
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("layout");
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_string());
    let status = Command::new(compiler)
        .args(include_flags())
        .arg(source)
        .arg("-o")
        .arg(&program)
        .status();
    assert!(status.expect("a C compiler runs").success());
    let output = Command::new(program).output().expect("layout runs").stdout;
    let text = String::from_utf8(output).expect("layout prints text");
    text.lines()
        .map(|line| {
            let (name, value) = line.split_once(' ').expect("a name and a number");
            (name.to_string(), value.parse().expect("a number"))
        })
        .collect()
}

#[test]
fn layout_is_that_of_c() {
    let expected = layout_of_c();
    let actual = table::layout();
    assert!(expected.len() > 100);
    assert_eq!(actual.len(), expected.len());
    for (name, value) in actual {
        assert_eq!(Some(&value), expected.get(name), "{name}");
    }
}

#[test]
fn init_knows_its_size() {
    use sslcuda_sys::*;
    let contrastive = sslcuda_contrastive_args::INIT;
    assert_eq!(contrastive.size, std::mem::size_of_val(&contrastive));
    assert_eq!(contrastive.tau, 1.0);
    assert_eq!(contrastive.ignore_index, -100);
    assert_eq!(sslcuda_augmentation::INIT.ratio_high, 1.0);
}
