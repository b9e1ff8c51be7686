//! An InfoNCE loss and its gradients from Rust, on a GPU or the CPU. In bindings/rust:
//!
//! ```text
//! cargo run -p sslcuda --example infonce
//! ```

use sslcuda::{Buffer, Context, Infonce, Result};

const N: usize = 3;
const D: usize = 2;

fn print(name: &str, matrix: &Buffer<f32>) -> Result<()> {
    for row in matrix.to_vec()?.chunks(D) {
        println!("{name} {:.6} {:.6}", row[0], row[1]);
    }
    Ok(())
}

fn main() -> Result<()> {
    let ctx = Context::new()?;
    // Row i of a and row i of b are a pair; the other rows of b are what a[i] must not match.
    let a = ctx.upload(&[1.0f32, 0.0, 0.0, 1.0, -1.0, 0.5])?;
    let b = ctx.upload(&[0.9f32, 0.1, 0.2, 1.0, -1.0, 0.0])?;
    let mut loss = ctx.zeros(1)?;
    let mut grad_a = ctx.zeros(N * D)?;
    let mut grad_b = ctx.zeros(N * D)?;

    // Outputs that are left away are not computed.
    Infonce::new(&a, &b, N, D)
        .tau(0.5)
        .loss(&mut loss)
        .grad_a(&mut grad_a)
        .grad_b(&mut grad_b)
        .run(&ctx)?;

    println!("loss {:.6}", loss.to_vec()?[0]);
    print("grad_a", &grad_a)?;
    print("grad_b", &grad_b)
}
