//! The contrastive family: what a call can have.

mod run;

use crate::memory::Buffer;
use sslcuda_sys as sys;

/// The place of this call's rows and columns in a larger matrix of scores. Log-sum-exps that are given
/// are taken instead of those of this part.
#[derive(Clone, Copy, Default)]
pub struct Part<'a> {
    /// Of the rows of `a` in the larger matrix.
    pub first_row: usize,
    /// Of the columns, the rows of `b`.
    pub first_column: usize,
    /// Rows of the larger matrix; 0: n.
    pub total_rows: usize,
    /// Columns of the larger matrix; 0: m.
    pub total_columns: usize,
    /// `[n]`
    pub row_lse: Option<&'a Buffer<f32>>,
    /// `[m]`, CLIP.
    pub column_lse: Option<&'a Buffer<f32>>,
}

/// A loss over pairs of rows: InfoNCE, CLIP, NT-Xent, SupCon, SigLIP, MoCo, wav2vec 2.0. Rows of `a` are
/// scored against rows of `b` without ever storing the matrix of scores. The formulas are those of
/// [`sslcuda_contrastive`](sslcuda_sys::sslcuda_contrastive); options that a kind does not have are
/// refused by the library.
#[must_use = "nothing is computed before run()"]
pub struct Contrastive<'a> {
    kind: i32,
    n: usize,
    m: usize,
    d: usize,
    a: &'a Buffer<f32>,
    b: Option<&'a Buffer<f32>>,
    normalize: bool,
    precision: crate::Precision,
    tau: f32,
    max_scale: f32,
    tau_device: Option<&'a Buffer<f32>>,
    log_scale: Option<&'a Buffer<f32>>,
    labels: Option<&'a Buffer<i64>>,
    column_labels: Option<&'a Buffer<i64>>,
    ignore_index: i64,
    weights: Option<&'a Buffer<f32>>,
    positives: Option<&'a Buffer<f32>>,
    negatives: Option<(&'a Buffer<f32>, usize)>,
    indices: Option<(&'a Buffer<i64>, usize)>,
    ids: Option<(&'a Buffer<i64>, &'a Buffer<i64>)>,
    mask: Option<&'a Buffer<u32>>,
    margin: f32,
    bias: f32,
    bias_device: Option<&'a Buffer<f32>>,
    column_bias: Option<&'a Buffer<f32>>,
    smoothing: f32,
    z_loss: f32,
    part: Part<'a>,
    grad_loss: Option<&'a Buffer<f32>>,
    grad_row_loss: Option<&'a Buffer<f32>>,
    workspace_limit: usize,
    outputs: Outputs<'a>,
}

#[derive(Default)]
struct Outputs<'a> {
    loss: Option<&'a mut Buffer<f32>>,
    row_loss: Option<&'a mut Buffer<f32>>,
    row_lse: Option<&'a mut Buffer<f32>>,
    column_lse: Option<&'a mut Buffer<f32>>,
    row_positive: Option<&'a mut Buffer<f32>>,
    row_entropy: Option<&'a mut Buffer<f32>>,
    top1: Option<&'a mut Buffer<f32>>,
    grad_a: Option<&'a mut Buffer<f32>>,
    grad_b: Option<&'a mut Buffer<f32>>,
    grad_positives: Option<&'a mut Buffer<f32>>,
    grad_negatives: Option<&'a mut Buffer<f32>>,
    grad_temperature: Option<&'a mut Buffer<f32>>,
    grad_bias: Option<&'a mut Buffer<f32>>,
    grad_column_bias: Option<&'a mut Buffer<f32>>,
}

macro_rules! output_setters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, $name: &'a mut Buffer<f32>) -> Self {
            self.outputs.$name = Some($name);
            self
        })*
    };
}

impl<'a> Contrastive<'a> {
    fn new(kind: i32, a: &'a Buffer<f32>, b: Option<&'a Buffer<f32>>, nmd: [usize; 3]) -> Self {
        let [n, m, d] = nmd;
        Self {
            kind,
            n,
            m,
            d,
            a,
            b,
            normalize: false,
            precision: crate::Precision::F32,
            tau: 1.0,
            max_scale: 0.0,
            tau_device: None,
            log_scale: None,
            labels: None,
            column_labels: None,
            ignore_index: -100,
            weights: None,
            positives: None,
            negatives: None,
            indices: None,
            ids: None,
            mask: None,
            margin: 0.0,
            bias: 0.0,
            bias_device: None,
            column_bias: None,
            smoothing: 0.0,
            z_loss: 0.0,
            part: Part::default(),
            grad_loss: None,
            grad_row_loss: None,
            workspace_limit: 0,
            outputs: Outputs::default(),
        }
    }

    /// Row i of `a` `[n, d]` finds row i of `b` `[m, d]`, or the row that [`labels`](Self::labels) says.
    pub fn infonce(a: &'a Buffer<f32>, b: &'a Buffer<f32>, n: usize, m: usize, d: usize) -> Self {
        Self::new(sys::SSLCUDA_INFONCE, a, Some(b), [n, m, d])
    }

    /// InfoNCE in both directions between `a` and `b`, both `[n, d]`.
    pub fn clip(a: &'a Buffer<f32>, b: &'a Buffer<f32>, n: usize, d: usize) -> Self {
        Self::new(sys::SSLCUDA_CLIP, a, Some(b), [n, n, d])
    }

    /// SimCLR: `z` `[n, d]` holds n / 2 images twice; row i finds row (i + n/2) mod n.
    pub fn ntxent(z: &'a Buffer<f32>, n: usize, d: usize) -> Self {
        Self::new(sys::SSLCUDA_NTXENT, z, None, [n, n, d])
    }

    /// Supervised: each row of `z` `[n, d]` finds the rows of its class.
    pub fn supcon(z: &'a Buffer<f32>, labels: &'a Buffer<i64>, n: usize, d: usize) -> Self {
        Self::new(sys::SSLCUDA_SUPCON, z, None, [n, n, d]).labels(labels)
    }

    /// The same with the mean over positives inside the logarithm.
    pub fn supcon_in(z: &'a Buffer<f32>, labels: &'a Buffer<i64>, n: usize, d: usize) -> Self {
        Self::new(sys::SSLCUDA_SUPCON_IN, z, None, [n, n, d]).labels(labels)
    }

    /// Each pair of `a` `[n, d]` and `b` `[m, d]` is a yes or no: yes for i = j.
    pub fn siglip(a: &'a Buffer<f32>, b: &'a Buffer<f32>, n: usize, m: usize, d: usize) -> Self {
        Self::new(sys::SSLCUDA_SIGLIP, a, Some(b), [n, m, d])
    }

    /// wav2vec 2.0: row i is scored against the `sampled` rows of `b` `[m, d]` that `indices`
    /// `[n, sampled]` names, the first of which is its positive.
    pub fn sampled(
        a: &'a Buffer<f32>,
        b: &'a Buffer<f32>,
        n: usize,
        m: usize,
        d: usize,
        indices: &'a Buffer<i64>,
        sampled: usize,
    ) -> Self {
        let mut op = Self::new(sys::SSLCUDA_SAMPLED, a, Some(b), [n, m, d]);
        op.indices = Some((indices, sampled));
        op
    }

    setters! {
        optional {
            /// The temperature, one number in device memory.
            tau_device: &'a Buffer<f32>,
            /// Scores are multiplied with its exponential, one number in device memory.
            log_scale: &'a Buffer<f32>,
            /// `[n]`: positives of InfoNCE, classes of SupCon.
            labels: &'a Buffer<i64>,
            /// `[m]`: classes of the rows of b.
            column_labels: &'a Buffer<i64>,
            /// `[n]`: weights of the rows.
            weights: &'a Buffer<f32>,
            /// `[n, d]`: a positive of each row's own (MoCo).
            positives: &'a Buffer<f32>,
            /// `[n, ceil(m / 32)]`: bits of the pairs that do not count.
            mask: &'a Buffer<u32>,
            /// The bias of SigLIP, one number in device memory.
            bias_device: &'a Buffer<f32>,
            /// `[m]`: added to the scores of each column.
            column_bias: &'a Buffer<f32>,
            /// The upstream gradient, one number.
            grad_loss: &'a Buffer<f32>,
            /// Upstream gradients of the rows' losses, `[n]`.
            grad_row_loss: &'a Buffer<f32>,
        }
        plain {
            /// Whether rows count as scaled to unit length.
            normalize: bool,
            /// How products are taken.
            precision: crate::Precision,
            /// The temperature; 1 until it is set.
            tau: f32,
            /// The most that scores are multiplied with; 0: no limit.
            max_scale: f32,
            /// Rows with this label do not count; -100 until it is set.
            ignore_index: i64,
            /// Pairs that are better than the positive by more than this do not count; 0: none.
            margin: f32,
            /// The bias of SigLIP.
            bias: f32,
            /// Label smoothing of InfoNCE.
            smoothing: f32,
            /// Weight of the squared log-sum-exps in InfoNCE.
            z_loss: f32,
            /// The place in a larger matrix.
            part: Part<'a>,
            /// Bytes of workspace that it should not exceed; 0: 64 MiB.
            workspace_limit: usize,
        }
    }

    /// `[n, per_row, d]`: more columns of each row's own.
    pub fn negatives(mut self, negatives: &'a Buffer<f32>, per_row: usize) -> Self {
        self.negatives = Some((negatives, per_row));
        self
    }

    /// `[n]` and `[m]`: pairs with equal ids do not count.
    pub fn ids(mut self, rows: &'a Buffer<i64>, columns: &'a Buffer<i64>) -> Self {
        self.ids = Some((rows, columns));
        self
    }

    output_setters! {
        /// Output, one number.
        loss,
        /// Output `[n]`.
        row_loss,
        /// Output `[n]`: log-sum-exps of the rows.
        row_lse,
        /// Output `[m]`: log-sum-exps of the columns, CLIP.
        column_lse,
        /// Output `[n]`: scores of the positives.
        row_positive,
        /// Output `[n]`: entropies of the rows.
        row_entropy,
        /// Output, one number: share of the rows whose best column is a positive.
        top1,
        /// Output `[n, d]`.
        grad_a,
        /// Output `[m, d]`.
        grad_b,
        /// Output `[n, d]`.
        grad_positives,
        /// Output `[n, per_row, d]`.
        grad_negatives,
        /// Output, one number: of tau, or of log_scale where that is given.
        grad_temperature,
        /// Output, one number.
        grad_bias,
        /// Output `[m]`.
        grad_column_bias,
    }
}
