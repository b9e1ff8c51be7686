//! Layers, losses and Adam: values by hand or by plain loops, gradients by finite differences.

mod common;

use common::{check_loss, close, cpu, differences, numbers};
use sslcuda::{
    Activation, Adam, AdamTensor, Buffer, Conv2d, Conv2dBackward, Conv2dShape, CrossEntropy,
    L2Normalize, L2NormalizeBackward, Linear, LinearBackward, Matmul, Mse, Precision,
};

#[test]
fn cross_entropy_and_mse() {
    let ctx = cpu();
    let labels = ctx.upload(&[2i64, -100]).unwrap();
    let shares = ctx.upload(&[0.5f32, 0.25, 0.25, 0.0, 0.0, 1.0]).unwrap();
    check_loss(&ctx, &numbers(6, 12), |x, loss, grad| {
        let op = CrossEntropy::labels(x, &labels, 2, 3)
            .smoothing(0.2)
            .loss(loss);
        match grad {
            Some(grad) => op.grad_logits(grad).run(&ctx),
            None => op.run(&ctx),
        }
    });
    check_loss(&ctx, &numbers(6, 13), |x, loss, grad| {
        let op = CrossEntropy::probabilities(x, &shares, 2, 3).loss(loss);
        match grad {
            Some(grad) => op.grad_logits(grad).run(&ctx),
            None => op.run(&ctx),
        }
    });
    check_loss(&ctx, &numbers(6, 14), |x, loss, grad| {
        let op = Mse::new(x, &shares).sigmoid(true).loss(loss);
        match grad {
            Some(grad) => op.grad_x(grad).run(&ctx),
            None => op.run(&ctx),
        }
    });
}

#[test]
fn matmul_transposes() {
    let ctx = cpu();
    // a = [[1, 2, 3], [4, 5, 6]], b = [[1, 0], [0, 1], [2, 2]]
    let a = ctx.upload(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let a_t = ctx.upload(&[1.0f32, 4.0, 2.0, 5.0, 3.0, 6.0]).unwrap();
    let b = ctx.upload(&[1.0f32, 0.0, 0.0, 1.0, 2.0, 2.0]).unwrap();
    let b_t = ctx.upload(&[1.0f32, 0.0, 2.0, 0.0, 1.0, 2.0]).unwrap();
    let mut c = ctx.zeros(4).unwrap();
    Matmul::new(&a, &b, &mut c, 2, 2, 3).run(&ctx).unwrap();
    close(&c.to_vec().unwrap(), &[7.0, 8.0, 16.0, 17.0], 1e-5);
    let op = Matmul::new(&a_t, &b_t, &mut c, 2, 2, 3);
    let op = op.transpose_a(true).transpose_b(true).alpha(2.0).beta(1.0);
    op.precision(Precision::Tf32).run(&ctx).unwrap();
    close(&c.to_vec().unwrap(), &[21.0, 24.0, 48.0, 51.0], 1e-4);
}

/// The sum of y * grad_y, whose gradient a backward gives.
fn weighted(y: &Buffer<f32>, grad_y: &[f32]) -> f32 {
    y.to_vec()
        .unwrap()
        .iter()
        .zip(grad_y)
        .map(|(y, g)| y * g)
        .sum()
}

#[test]
fn linear_and_its_gradients() {
    let ctx = cpu();
    let (x, weight, bias) = (numbers(2 * 3, 15), numbers(4 * 3, 16), numbers(4, 17));
    let grad_y = numbers(2 * 4, 18);
    let forward = |x: &[f32], weight: &[f32], bias: &[f32]| {
        let (x, weight) = (ctx.upload(x).unwrap(), ctx.upload(weight).unwrap());
        let (bias, mut y) = (ctx.upload(bias).unwrap(), ctx.zeros(8).unwrap());
        let op = Linear::new(&x, &weight, &mut y, 2, 3, 4).bias(&bias);
        op.activation(Activation::Sigmoid).run(&ctx).unwrap();
        y
    };
    let y = forward(&x, &weight, &bias);
    let sum: f32 = (0..3).map(|k| x[k] * weight[k]).sum::<f32>() + bias[0];
    close(
        &y.to_vec().unwrap()[..1],
        &[1.0 / (1.0 + (-sum).exp())],
        1e-6,
    );

    let (dx, dw) = (ctx.upload(&x).unwrap(), ctx.upload(&weight).unwrap());
    let dy = ctx.upload(&grad_y).unwrap();
    let (mut gx, mut gw, mut gb) = (
        ctx.zeros(6).unwrap(),
        ctx.zeros(12).unwrap(),
        ctx.zeros(4).unwrap(),
    );
    LinearBackward::new(&dx, &dw, &dy, 2, 3, 4)
        .activation(Activation::Sigmoid, &y)
        .grad_x(&mut gx)
        .grad_weight(&mut gw)
        .grad_bias(&mut gb)
        .run(&ctx)
        .unwrap();
    let of_x = differences(&x, |x| weighted(&forward(x, &weight, &bias), &grad_y));
    let of_weight = differences(&weight, |w| weighted(&forward(&x, w, &bias), &grad_y));
    let of_bias = differences(&bias, |b| weighted(&forward(&x, &weight, b), &grad_y));
    close(&gx.to_vec().unwrap(), &of_x, 2e-3);
    close(&gw.to_vec().unwrap(), &of_weight, 2e-3);
    close(&gb.to_vec().unwrap(), &of_bias, 2e-3);
}

#[test]
fn conv2d_and_its_gradients() {
    let ctx = cpu();
    let shape = Conv2dShape {
        n: 2,
        channels: [1, 2],
        size: [4, 3],
        kernel: [3, 2],
        stride: [2, 1],
        padding: [1, 0],
        ..Conv2dShape::default()
    };
    assert_eq!(shape.output_size().unwrap(), [2, 2]);
    let (x, weight) = (numbers(2 * 12, 19), numbers(2 * 6, 20));
    let grad_y = numbers(2 * 2 * 4, 21);
    let bias = ctx.upload(&[0.25f32, 0.0]).unwrap();
    let forward = |x: &[f32], weight: &[f32]| {
        let (x, weight) = (ctx.upload(x).unwrap(), ctx.upload(weight).unwrap());
        let mut y = ctx.zeros(16).unwrap();
        let op = Conv2d::new(&x, &weight, &mut y, shape);
        op.bias(&bias).run(&ctx).unwrap();
        y
    };
    // Row 0 of the output sees rows -1..1 of the image, of which -1 is padding.
    let first: f32 = 0.25
        + (0..2).map(|j| x[j] * weight[2 + j]).sum::<f32>()
        + (0..2).map(|j| x[3 + j] * weight[4 + j]).sum::<f32>();
    close(&forward(&x, &weight).to_vec().unwrap()[..1], &[first], 1e-5);

    let (dx, dw) = (ctx.upload(&x).unwrap(), ctx.upload(&weight).unwrap());
    let dy = ctx.upload(&grad_y).unwrap();
    let (mut gx, mut gw, mut gb) = (
        ctx.zeros(24).unwrap(),
        ctx.zeros(12).unwrap(),
        ctx.zeros(2).unwrap(),
    );
    let op = Conv2dBackward::new(&dx, &dw, &dy, shape).grad_x(&mut gx);
    op.grad_weight(&mut gw)
        .grad_bias(&mut gb)
        .run(&ctx)
        .unwrap();
    let of_x = differences(&x, |x| weighted(&forward(x, &weight), &grad_y));
    let of_weight = differences(&weight, |w| weighted(&forward(&x, w), &grad_y));
    close(&gx.to_vec().unwrap(), &of_x, 2e-3);
    close(&gw.to_vec().unwrap(), &of_weight, 2e-3);
    let of_bias: f32 = [0, 8].iter().flat_map(|&i| &grad_y[i..i + 4]).sum();
    close(&gb.to_vec().unwrap()[..1], &[of_bias], 1e-5);
}

#[test]
fn convolution_that_does_not_fit_is_refused() {
    let shape = Conv2dShape {
        n: 1,
        channels: [1, 1],
        size: [2, 2],
        kernel: [3, 3],
        ..Conv2dShape::default()
    };
    assert!(shape.output_size().is_err());
    let ctx = cpu();
    let (x, weight) = (ctx.zeros(4).unwrap(), ctx.zeros(9).unwrap());
    let mut y = ctx.zeros(1).unwrap();
    assert!(Conv2d::new(&x, &weight, &mut y, shape).run(&ctx).is_err());
    let padded = Conv2dShape {
        padding: [1, 1],
        ..shape
    };
    // The output would be [1, 1, 2, 2].
    assert!(Conv2d::new(&x, &weight, &mut y, padded).run(&ctx).is_err());
}

#[test]
fn l2_normalize_and_its_gradient() {
    let ctx = cpu();
    let x = ctx.upload(&[3.0f32, 4.0, 0.0, 0.0]).unwrap();
    let (mut y, mut norms) = (ctx.zeros(4).unwrap(), ctx.zeros(2).unwrap());
    let op = L2Normalize::new(&x, &mut y, 2, 2);
    op.norms(&mut norms).run(&ctx).unwrap();
    close(&y.to_vec().unwrap(), &[0.6, 0.8, 0.0, 0.0], 1e-6);
    close(&norms.to_vec().unwrap(), &[5.0, 0.0], 1e-6);
    let grad_y = ctx.upload(&[1.0f32, 0.0, 1.0, 0.0]).unwrap();
    let mut grad_x = ctx.zeros(4).unwrap();
    L2NormalizeBackward::new(&y, &norms, &grad_y, &mut grad_x, 2, 2)
        .run(&ctx)
        .unwrap();
    // ((1, 0) - (0.6, 0.8) 0.6) / 5; a zero row has none.
    close(&grad_x.to_vec().unwrap(), &[0.128, -0.096, 0.0, 0.0], 1e-6);
}

/// Two tensors; the steps of one are counted on the device, in a graph.
#[test]
fn adam_steps_in_a_graph() {
    let ctx = cpu();
    let mut params = [ctx.zeros(2).unwrap(), ctx.zeros(1).unwrap()];
    let grads = [
        ctx.upload(&[1.0f32, -2.0]).unwrap(),
        ctx.upload(&[3.0f32]).unwrap(),
    ];
    let mut moments = [ctx.zeros(2).unwrap(), ctx.zeros(1).unwrap()];
    let mut variances = [ctx.zeros(2).unwrap(), ctx.zeros(1).unwrap()];
    let mut done = ctx.zeros::<i64>(1).unwrap();
    let graph = ctx
        .capture(|| {
            let state = moments.iter_mut().zip(&mut variances);
            let tensors = params.iter_mut().zip(&grads).zip(state);
            let tensors = tensors.map(|((param, grad), (moment, variance))| AdamTensor {
                param,
                grad,
                moment,
                variance,
            });
            Adam::new(0.5)
                .step_device(&done)
                .step(&ctx, tensors.collect(), 0)?;
            ctx.counter_add(&mut done, 1)
        })
        .unwrap();
    graph.launch().unwrap();
    graph.launch().unwrap();
    // While the gradient stays the same, each step is of length lr, against it.
    close(&params[0].to_vec().unwrap(), &[-1.0, 1.0], 1e-5);
    close(&params[1].to_vec().unwrap(), &[-1.0], 1e-5);
    assert_eq!(done.to_vec().unwrap(), [2]);
}
