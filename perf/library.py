"""libsslcuda through ctypes, as far as torch_ops.py and memory need it."""

import ctypes

OK = 0
DEVICE = {"cpu": 1, "cuda": 2}
F32 = 0
DTYPES = {"f32": F32, "bf16": 1, "f16": 2, "tf32": 3}
KINDS = ("infonce", "clip", "ntxent", "supcon", "supcon_in", "siglip", "sampled")


class ContextOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("device", ctypes.c_int32),
                ("ordinal", ctypes.c_int32), ("threads", ctypes.c_int32),
                ("trust_pointers", ctypes.c_int32), ("workspace_bytes", ctypes.c_size_t)]


CONV2D_FIELDS = ("n", "c", "h", "w", "out", "kernel_h", "kernel_w", "stride_h", "stride_w",
                 "pad_h", "pad_w", "dilation_h", "dilation_w", "groups")


class Conv2dShape(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t)] + [(name, ctypes.c_int64) for name in CONV2D_FIELDS]

    def __init__(self, **extents):
        super().__init__(ctypes.sizeof(Conv2dShape), **extents)


POOL2D_FIELDS = ("n", "c", "h", "w", "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_h",
                 "pad_w")


class Pool2dShape(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t)] + [(name, ctypes.c_int64) for name in POOL2D_FIELDS]

    def __init__(self, **extents):
        super().__init__(ctypes.sizeof(Pool2dShape), **extents)


AUGMENTATION_FIELDS = ("scale_low", "scale_high", "ratio_low", "ratio_high", "degrees", "shear",
                       "translate", "flip", "brightness", "contrast", "blur", "sigma_low",
                       "sigma_high", "noise", "drop", "fill")


class Augmentation(ctypes.Structure):
    """As SSLCUDA_AUGMENTATION_INIT leaves it, but for the fields given."""
    _fields_ = [("size", ctypes.c_size_t)] + [
        (name, ctypes.c_float) for name in AUGMENTATION_FIELDS]

    def __init__(self, **fields):
        ones = ("scale_low", "scale_high", "ratio_low", "ratio_high", "sigma_low", "sigma_high")
        super().__init__(ctypes.sizeof(Augmentation), **(dict.fromkeys(ones, 1.0) | fields))


# The fields of sslcuda_contrastive_args, with the letters of SIGNATURES.
CONTRASTIVE_FIELDS = """
kind w normalize w n i m i d i a p lda i b p ldb i tau f max_scale f tau_device p log_scale p
labels p column_labels p ignore_index i weights p positives p ld_positives i negatives p
negatives_per_row i indices p sampled i row_ids p column_ids p mask p ld_mask i margin f bias f
bias_device p column_bias p smoothing f z_loss f first_row i first_column i total_rows i
total_columns i given_row_lse p given_column_lse p grad_loss p grad_row_loss p workspace_limit z
loss p row_loss p row_lse p column_lse p row_positive p row_entropy p top1 p grad_a p grad_b p
grad_positives p grad_negatives p grad_temperature p grad_bias p grad_column_bias p
""".split()
TYPES = {"i": ctypes.c_int64, "w": ctypes.c_int32, "p": ctypes.c_void_p, "f": ctypes.c_float,
         "d": ctypes.c_double, "z": ctypes.c_size_t}


class ContrastiveArgs(ctypes.Structure):
    """As SSLCUDA_CONTRASTIVE_INIT leaves it, but for the fields given."""
    _fields_ = [("size", ctypes.c_size_t)] + [
        (name, TYPES[letter])
        for name, letter in zip(CONTRASTIVE_FIELDS[::2], CONTRASTIVE_FIELDS[1::2])]

    def __init__(self, **fields):
        values = {"tau": 1.0, "ignore_index": -100} | fields
        super().__init__(ctypes.sizeof(ContrastiveArgs),
                         **{name: argument(value) for name, value in values.items()})


# Arguments behind the context: i int64, w int32, p pointer, f float, d double.
SIGNATURES = {
    "matmul": "wiiipiwpiwffpi",
    "linear_forward": "wiiipppwp",
    "linear_backward": "wiiippppwppp",
    "linear_mse": "wiiippppwpppp",
    "conv2d_forward": "wppppwp",
    "conv2d_backward": "wpppppwppp",
    "batch_norm_forward": "wiiipppppwffwppp",
    "batch_norm_backward": "wiiippppppwwppp",
    "group_norm_forward": "wiiiipppfwppp",
    "group_norm_backward": "wiiiippppppwppp",
    "pool2d_forward": "wwppp",
    "pool2d_backward": "wwppppp",
    "reparameterize_forward": "wiippippp",
    "reparameterize_backward": "wiippippppp",
    "binary_cross_entropy": "wippppp",
    "l2_normalize_forward": "wiippp",
    "l2_normalize_backward": "wiipppp",
    "similarity_forward": "wiiipipiwfppi",
    "similarity_backward": "wiiipipiwfppippp",
    "infonce": "wiipipifppppppp",
    "contrastive": "wp",
    "cross_entropy": "wiipippifpppp",
    "mse": "wippwppp",
    "adam_step": "wipppppdpdddip",
    "sgd_step": "wippppdpddw",
    "lars_step": "wipppppdpddd",
    "random_uniform": "wiiipffp",
    "random_normal": "wiiipffp",
    "gather_images": "wiipipipffp",
    "gather_rows": "iipipipp",
    "rotate90": "wiiippp",
    "rotate": "wiiiippfp",
    "augment": "wiiiipipiipp",
}


def argument(value):
    if isinstance(value, (ctypes.Structure, ctypes.Array)):
        return ctypes.addressof(value)
    return value.data_ptr() if hasattr(value, "data_ptr") else value


class Library:
    """A context and its calls: library.mse(F32, count, x, ...); tensors stand for their memory."""

    def __init__(self, path, device, threads):
        self.shared = ctypes.CDLL(path)
        self.context = ctypes.c_void_p()
        options = ContextOptions(size=ctypes.sizeof(ContextOptions), device=DEVICE[device],
                                 threads=threads)
        self.check(self.shared.sslcuda_context_create(ctypes.byref(options),
                                                      ctypes.byref(self.context)))
        for name, signature in SIGNATURES.items():
            function = getattr(self.shared, f"sslcuda_{name}")
            function.argtypes = [ctypes.c_void_p] + [TYPES[letter] for letter in signature]

    def __getattr__(self, name):
        function = getattr(self.shared, f"sslcuda_{name}")

        def call(*arguments):
            self.check(function(self.context, *map(argument, arguments)))
        return call

    def check(self, status):
        if status != OK:
            text = ctypes.create_string_buffer(1024)
            self.shared.sslcuda_last_message(self.context, text, ctypes.sizeof(text))
            raise RuntimeError(text.value.decode())

    def use_stream(self, stream):
        """Queues what follows on a CUDA stream, given as a number."""
        self.check(self.shared.sslcuda_context_set_stream(self.context, ctypes.c_void_p(stream)))

    def planned(self, call):
        """Bytes of workspace that the call needs."""
        size = ctypes.c_size_t()
        self.check(self.shared.sslcuda_plan_begin(self.context))
        try:
            call()
        finally:
            self.check(self.shared.sslcuda_plan_end(self.context, ctypes.byref(size)))
        return size.value

    def reserve_for(self, call):
        size = ctypes.c_size_t(self.planned(call))
        self.check(self.shared.sslcuda_context_reserve(self.context, size))
