//! What the tests of the ops share.

use sslcuda::{Buffer, Context, Device};

pub fn cpu() -> Context {
    Context::on(Device::Cpu).expect("a context on the CPU")
}

/// Numbers in -1..1 without pattern.
pub fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

pub fn close(actual: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() <= tolerance, "[{i}] is {a}, not {e}");
    }
}

/// The gradient of `value` at `x` by differences.
pub fn differences(x: &[f32], value: impl Fn(&[f32]) -> f32) -> Vec<f32> {
    let step = 1.0 / 128.0;
    (0..x.len())
        .map(|i| {
            let mut moved = x.to_vec();
            moved[i] = x[i] + step;
            let up = value(&moved);
            moved[i] = x[i] - step;
            (up - value(&moved)) / (2.0 * step)
        })
        .collect()
}

/// Loss and gradient of x of an op that `make` sets up, against differences of its loss.
pub fn check_loss<'m>(
    ctx: &Context,
    x: &[f32],
    run: impl Fn(&Buffer<f32>, &mut Buffer<f32>, Option<&mut Buffer<f32>>) -> sslcuda::Result<()> + 'm,
) {
    let value = |x: &[f32]| {
        let mut loss = ctx.zeros(1).unwrap();
        run(&ctx.upload(x).unwrap(), &mut loss, None).unwrap();
        loss.to_vec().unwrap()[0]
    };
    let mut loss = ctx.zeros(1).unwrap();
    let mut grad = ctx.zeros(x.len()).unwrap();
    run(&ctx.upload(x).unwrap(), &mut loss, Some(&mut grad)).unwrap();
    let grad = grad.to_vec().unwrap();
    assert!(grad.iter().any(|g| g.abs() > 1e-3), "no gradient");
    close(&grad, &differences(x, value), 4e-3);
}
