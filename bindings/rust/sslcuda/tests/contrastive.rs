//! The contrastive family: gradients by finite differences, options and statistics.

mod common;

use common::{check_loss, close, cpu, numbers};
use sslcuda::{Contrastive, Infonce, Part};

/// The same for a loss of the contrastive family.
macro_rules! check_contrastive {
    ($ctx:expr, $x:expr, |$a:ident| $op:expr) => {
        check_contrastive!($ctx, $x, |$a| $op, grad_a)
    };
    ($ctx:expr, $x:expr, |$a:ident| $op:expr, $grad:ident) => {
        check_loss($ctx, $x, |$a, loss, grad| {
            let op = $op.loss(loss);
            match grad {
                Some(grad) => op.$grad(grad).run($ctx),
                None => op.run($ctx),
            }
        })
    };
}

#[test]
fn contrastive_kinds() {
    let ctx = cpu();
    let x = numbers(4 * 3, 1);
    let b = ctx.upload(&numbers(5 * 3, 2)).unwrap();
    let classes = ctx.upload(&[0i64, 1, 0, 1]).unwrap();
    let picks = ctx.upload(&[0i64, 1, 2, 3, 4, 0, 1, 2]).unwrap();
    check_contrastive!(&ctx, &x, |a| Contrastive::infonce(a, &b, 4, 5, 3)
        .normalize(true));
    check_contrastive!(&ctx, &x, |a| Contrastive::clip(a, &b, 4, 3).tau(0.7));
    check_contrastive!(&ctx, &x, |a| Contrastive::ntxent(a, 4, 3).tau(0.5));
    check_contrastive!(&ctx, &x, |a| Contrastive::supcon(a, &classes, 4, 3));
    check_contrastive!(&ctx, &x, |a| Contrastive::supcon_in(a, &classes, 4, 3));
    check_contrastive!(&ctx, &x, |a| Contrastive::siglip(a, &b, 4, 5, 3).bias(-0.5));
    check_contrastive!(&ctx, &x, |a| Contrastive::sampled(
        a, &b, 4, 5, 3, &picks, 2
    ));
}

#[test]
fn contrastive_options() {
    let ctx = cpu();
    let x = numbers(4 * 3, 3);
    let b = ctx.upload(&numbers(5 * 3, 4)).unwrap();
    let labels = ctx.upload(&[4i64, -7, 0, 1]).unwrap();
    let column = ctx.upload(&numbers(5, 5)).unwrap();
    let weights = ctx.upload(&[1.0f32, 1.0, 0.5, 2.0]).unwrap();
    let scale = ctx.upload(&[0.5f32]).unwrap();
    let own = ctx.upload(&numbers(4 * 3, 6)).unwrap();
    let more = ctx.upload(&numbers(4 * 2 * 3, 7)).unwrap();
    let upstream = ctx.upload(&[1.0f32]).unwrap();
    check_contrastive!(&ctx, &x, |a| Contrastive::infonce(a, &b, 4, 5, 3)
        .labels(&labels)
        .ignore_index(-7)
        .column_bias(&column)
        .smoothing(0.1)
        .z_loss(0.01)
        .weights(&weights)
        .grad_loss(&upstream));
    check_contrastive!(&ctx, &x, |a| Contrastive::infonce(a, &b, 4, 5, 3)
        .log_scale(&scale)
        .max_scale(1.5)
        .positives(&own)
        .negatives(&more, 2)
        .workspace_limit(1));
}

/// Gradients of the other inputs, each where it belongs.
#[test]
fn contrastive_gradients_of_all_inputs() {
    let ctx = cpu();
    let a = ctx.upload(&numbers(4 * 3, 30)).unwrap();
    let b = ctx.upload(&numbers(5 * 3, 31)).unwrap();
    let infonce = || Contrastive::infonce(&a, &b, 4, 5, 3);
    let rows = numbers(5 * 3, 32);
    check_contrastive!(
        &ctx,
        &rows,
        |b| Contrastive::infonce(&a, b, 4, 5, 3),
        grad_b
    );
    let own = numbers(4 * 3, 33);
    check_contrastive!(&ctx, &own, |p| infonce().positives(p), grad_positives);
    let more = numbers(4 * 2 * 3, 34);
    check_contrastive!(&ctx, &more, |n| infonce().negatives(n, 2), grad_negatives);
    let column = numbers(5, 35);
    check_contrastive!(
        &ctx,
        &column,
        |c| infonce().column_bias(c),
        grad_column_bias
    );
    check_contrastive!(&ctx, &[0.5], |t| infonce().tau_device(t), grad_temperature);
    check_contrastive!(&ctx, &[0.5], |s| infonce().log_scale(s), grad_temperature);
    check_contrastive!(
        &ctx,
        &[-0.5],
        |bias| Contrastive::siglip(&a, &b, 4, 5, 3).bias_device(bias),
        grad_bias
    );
}

/// Pairs that do not count leave only the positive: the loss is 0.
#[test]
fn contrastive_masks() {
    let ctx = cpu();
    let a = ctx.upload(&numbers(2 * 3, 8)).unwrap();
    let ids = ctx.upload(&[1i64, 1]).unwrap();
    let mask = ctx.upload(&[2u32, 1]).unwrap();
    let mut loss = ctx.zeros(1).unwrap();
    let base = || Contrastive::infonce(&a, &a, 2, 2, 3);
    base().loss(&mut loss).run(&ctx).unwrap();
    assert!(loss.to_vec().unwrap()[0] > 0.0);
    base().ids(&ids, &ids).loss(&mut loss).run(&ctx).unwrap();
    assert_eq!(loss.to_vec().unwrap(), [0.0]);
    base().mask(&mask).loss(&mut loss).run(&ctx).unwrap();
    assert_eq!(loss.to_vec().unwrap(), [0.0]);
}

#[test]
fn contrastive_statistics() {
    let ctx = cpu();
    let a = ctx.upload(&numbers(4 * 3, 9)).unwrap();
    let mut rows = ctx.zeros(4).unwrap();
    let (mut lse, mut positive) = (ctx.zeros(4).unwrap(), ctx.zeros(4).unwrap());
    let (mut entropy, mut top1) = (ctx.zeros(4).unwrap(), ctx.zeros(1).unwrap());
    Contrastive::infonce(&a, &a, 4, 4, 3)
        .row_loss(&mut rows)
        .row_lse(&mut lse)
        .row_positive(&mut positive)
        .row_entropy(&mut entropy)
        .top1(&mut top1)
        .run(&ctx)
        .unwrap();
    let (lse, positive) = (lse.to_vec().unwrap(), positive.to_vec().unwrap());
    let difference: Vec<f32> = lse.iter().zip(&positive).map(|(l, p)| l - p).collect();
    close(&rows.to_vec().unwrap(), &difference, 1e-5);
    assert!(entropy.to_vec().unwrap()[0] > 0.0);
    assert!((0.0..=1.0).contains(&top1.to_vec().unwrap()[0]));
}

/// Two rows of four columns, as one call and as two parts of the columns, whose gradients add up.
#[test]
fn contrastive_parts() {
    let ctx = cpu();
    let a = ctx.upload(&numbers(2 * 3, 22)).unwrap();
    let columns = numbers(4 * 3, 23);
    let b = ctx.upload(&columns).unwrap();
    let (mut lse, mut whole) = (ctx.zeros(2).unwrap(), ctx.zeros(6).unwrap());
    let op = Contrastive::infonce(&a, &b, 2, 4, 3).row_lse(&mut lse);
    op.grad_a(&mut whole).run(&ctx).unwrap();
    let mut sum = [0.0f32; 6];
    for first_column in [0, 2] {
        let b = ctx.upload(&columns[first_column * 3..][..6]).unwrap();
        let mut grad = ctx.zeros(6).unwrap();
        let part = Part {
            first_column,
            total_columns: 4,
            row_lse: Some(&lse),
            ..Part::default()
        };
        let op = Contrastive::infonce(&a, &b, 2, 2, 3).part(part);
        op.grad_a(&mut grad).run(&ctx).unwrap();
        for (sum, grad) in sum.iter_mut().zip(grad.to_vec().unwrap()) {
            *sum += grad;
        }
    }
    close(&sum, &whole.to_vec().unwrap(), 1e-6);
}

#[test]
fn infonce_is_the_first_of_the_family() {
    let ctx = cpu();
    let a = ctx.upload(&numbers(4 * 3, 10)).unwrap();
    let b = ctx.upload(&numbers(4 * 3, 11)).unwrap();
    let (mut one, mut other) = (ctx.zeros(12).unwrap(), ctx.zeros(12).unwrap());
    let (mut tau, mut same) = (ctx.zeros(1).unwrap(), ctx.zeros(1).unwrap());
    let op = Infonce::new(&a, &b, 4, 3).tau(0.5);
    op.grad_b(&mut one).grad_tau(&mut tau).run(&ctx).unwrap();
    Contrastive::infonce(&a, &b, 4, 4, 3)
        .tau(0.5)
        .grad_b(&mut other)
        .grad_temperature(&mut same)
        .run(&ctx)
        .unwrap();
    close(&one.to_vec().unwrap(), &other.to_vec().unwrap(), 1e-6);
    close(&tau.to_vec().unwrap(), &same.to_vec().unwrap(), 1e-6);
}
