//! Who frees what and when, and what is refused.

use sslcuda::{
    sys, Buffer, Context, Contrastive, Device, Error, Graph, Infonce, Mse, Options, Status,
};
use std::panic::{catch_unwind, AssertUnwindSafe};

fn cpu() -> Context {
    Context::on(Device::Cpu).expect("a context on the CPU")
}

fn refused<T>(result: Result<T, Error>, status: Status, words: &str) {
    let error = result.err().expect("a refusal");
    assert_eq!(error.status(), status, "{error}");
    assert!(error.message().contains(words), "{error}");
}

/// Whether the context still owns memory that a buffer had: freeing it says so.
fn is_allocated(ctx: &Context, memory: *mut f32) -> bool {
    unsafe { ctx.call(|raw| sys::sslcuda_free(raw, memory.cast())) }.is_ok()
}

#[test]
fn context_tells_of_itself() {
    let ctx = cpu();
    assert_eq!(ctx.device().unwrap(), Device::Cpu);
    assert!(ctx.describe().unwrap().starts_with("cpu"));
    assert_eq!(sslcuda::version().0, 1);
    sslcuda::device_count().unwrap();
    ctx.synchronize().unwrap();
}

#[test]
fn context_that_cannot_be_made_has_a_message() {
    let none = Options::default().device(Device::Cpu).threads(-1).create();
    refused(
        none.map(|_| ()),
        Status::InvalidValue,
        "threads must be >= 0, got -1",
    );
}

#[test]
fn library_refuses_with_status_and_message() {
    let ctx = cpu();
    let a = ctx.zeros(4).unwrap();
    let tau = Infonce::new(&a, &a, 2, 2).tau(-1.0).run(&ctx);
    refused(
        tau,
        Status::InvalidValue,
        "tau must be finite and > 0, got -1",
    );
    let one = Infonce::new(&a, &a, 1, 2).run(&ctx);
    refused(one, Status::InvalidShape, "n must be");
}

#[test]
fn short_buffers_are_refused() {
    let ctx = cpu();
    let a = ctx.zeros(4).unwrap();
    let mut short = ctx.zeros(3).unwrap();
    let long = Infonce::new(&a, &a, 2, 3).run(&ctx);
    refused(long, Status::InvalidShape, "a must have 6 elements, got 4");
    let output = Infonce::new(&a, &a, 2, 2).grad_a(&mut short).run(&ctx);
    refused(
        output,
        Status::InvalidShape,
        "grad_a must have 4 elements, got 3",
    );
    let huge = Contrastive::ntxent(&a, usize::MAX, 2).run(&ctx);
    refused(huge, Status::InvalidShape, "a must have");
    refused(
        short.write(&[1.0]),
        Status::InvalidShape,
        "3 elements, got 1",
    );
    refused(
        short.read(&mut [0.0; 4]),
        Status::InvalidShape,
        "3 elements, got 4",
    );
    refused(
        ctx.zeros::<f64>(usize::MAX / 4),
        Status::SizeOverflow,
        "do not fit",
    );
}

#[test]
fn buffer_of_another_context_is_refused() {
    let (ctx, other) = (cpu(), cpu());
    let (x, foreign) = (ctx.zeros(1).unwrap(), other.zeros(1).unwrap());
    let result = Mse::new(&x, &foreign).run(&ctx);
    refused(
        result,
        Status::WrongDevice,
        "target must be a buffer of this context",
    );
}

#[test]
fn buffers_of_every_type_round_trip() {
    let ctx = cpu();
    assert_eq!(ctx.upload(&[1u8, 255]).unwrap().to_vec().unwrap(), [1, 255]);
    assert_eq!(
        ctx.upload(&[i64::MIN]).unwrap().to_vec().unwrap(),
        [i64::MIN]
    );
    let empty = ctx.upload::<f32>(&[]).unwrap();
    assert!(empty.is_empty() && empty.to_vec().unwrap().is_empty());
    let mut cleared = ctx.upload(&[7u32]).unwrap();
    ctx.clear(&mut cleared).unwrap();
    assert_eq!(cleared.to_vec().unwrap(), [0]);
}

#[test]
fn buffer_outlives_the_context_value() {
    let ctx = cpu();
    let buffer = ctx.upload(&[5.0f32]).unwrap();
    drop(ctx);
    assert_eq!(buffer.to_vec().unwrap(), [5.0]);
}

#[test]
fn dropped_buffer_is_freed() {
    let ctx = cpu();
    let memory = ctx.zeros::<f32>(1000).unwrap().as_mut_ptr();
    assert!(!is_allocated(&ctx, memory));
}

fn graph_of(ctx: &Context, x: &Buffer<f32>, loss: &mut Buffer<f32>) -> Graph {
    let target = ctx.zeros(x.len()).unwrap();
    ctx.capture(|| Mse::new(x, &target).loss(loss).run(ctx))
        .unwrap()
    // `target` is dropped here, and the graph goes on reading it.
}

#[test]
fn memory_of_a_graph_lives_as_long_as_the_graph() {
    let ctx = cpu();
    let mut x = ctx.zeros(2).unwrap();
    let mut loss = ctx.zeros(1).unwrap();
    let graph = graph_of(&ctx, &x, &mut loss);
    let mut dropped = ctx.zeros::<f32>(100).unwrap();
    let memory = dropped.as_mut_ptr();
    drop(dropped);
    x.write(&[2.0, 2.0]).unwrap();
    graph.launch().unwrap();
    assert_eq!(loss.to_vec().unwrap(), [4.0]);
    assert!(is_allocated(&ctx, memory), "freed before the graph");
}

#[test]
fn memory_dropped_before_is_freed_with_the_last_graph() {
    let ctx = cpu();
    let x = ctx.zeros(2).unwrap();
    let mut loss = ctx.zeros(1).unwrap();
    let first = graph_of(&ctx, &x, &mut loss);
    let second = graph_of(&ctx, &x, &mut loss);
    let mut dropped = ctx.zeros::<f32>(100).unwrap();
    let memory = dropped.as_mut_ptr();
    drop(dropped);
    drop(first);
    drop(second);
    assert!(!is_allocated(&ctx, memory), "not freed with the graphs");
}

#[test]
fn buffer_dropped_while_capturing_is_freed_later() {
    let ctx = cpu();
    let mut loss = ctx.zeros(1).unwrap();
    let mut x = ctx.upload(&[3.0f32]).unwrap();
    let target = ctx.zeros(1).unwrap();
    let memory = x.as_mut_ptr();
    let graph = ctx
        .capture(|| {
            Mse::new(&x, &target).loss(&mut loss).run(&ctx)?;
            drop((x, target));
            Ok(())
        })
        .unwrap();
    graph.launch().unwrap();
    assert_eq!(loss.to_vec().unwrap(), [9.0]);
    drop(graph);
    assert!(!is_allocated(&ctx, memory), "never freed");
}

#[test]
fn failed_capture_leaves_the_context_usable() {
    let ctx = cpu();
    let x = ctx.zeros(2).unwrap();
    let result = ctx.capture(|| Infonce::new(&x, &x, 2, 1).tau(-1.0).run(&ctx));
    refused(result.map(|_| ()), Status::InvalidValue, "tau");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _graph = ctx.capture(|| panic!("of the caller"));
    }));
    assert!(panicked.is_err());
    let memory = ctx.zeros::<f32>(1).unwrap().as_mut_ptr();
    assert!(!is_allocated(&ctx, memory), "a graph is left");
    let nested = ctx.capture(|| ctx.capture(|| Ok(())).map(drop));
    refused(nested.map(|_| ()), Status::Capture, "capture");
    assert_eq!(x.to_vec().unwrap(), [0.0, 0.0]);
}

#[test]
fn plan_tells_the_workspace() {
    let ctx = cpu();
    let a = ctx.zeros(64).unwrap();
    let mut grad = ctx.zeros(64).unwrap();
    let bytes = ctx
        .plan(|| Infonce::new(&a, &a, 8, 8).grad_a(&mut grad).run(&ctx))
        .unwrap();
    assert!(bytes > 0);
    ctx.reserve(bytes).unwrap();
}

#[test]
fn context_moves_and_buffers_are_shared_between_threads() {
    fn must_be_send<T: Send>() {}
    fn must_be_sync<T: Sync>() {}
    must_be_send::<Context>();
    must_be_send::<Graph>();
    must_be_sync::<Graph>();
    must_be_sync::<Buffer<f32>>();

    let ctx = cpu();
    let x = ctx.upload(&vec![1.0f32; 1000]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let x = &x;
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(x.to_vec().unwrap()[999], 1.0); // never Busy
                }
            });
        }
        // On this thread, buffers come and go meanwhile.
        for _ in 0..50 {
            ctx.upload(&[1.0f32]).unwrap();
        }
    });
    std::thread::spawn(move || ctx.synchronize().unwrap())
        .join()
        .unwrap();
}
