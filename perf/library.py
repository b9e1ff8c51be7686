"""libsslcuda through ctypes, as far as torch_ops.py needs it."""

import ctypes

OK = 0
DEVICE = {"cpu": 1, "cuda": 2}
F32 = 0


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


# Arguments behind the context: i int64, w int32, p pointer, f float, d double.
SIGNATURES = {
    "linear_forward": "wiiipppwp",
    "linear_backward": "wiiippppwppp",
    "conv2d_forward": "wppppwp",
    "conv2d_backward": "wpppppwppp",
    "l2_normalize_forward": "wiippp",
    "l2_normalize_backward": "wiipppp",
    "similarity_forward": "wiiipipiwfppi",
    "similarity_backward": "wiiipipiwfppippp",
    "infonce": "wiipipifppppppp",
    "cross_entropy": "wiipippifpppp",
    "mse": "wippwppp",
    "adam_step": "wipppppdpdddip",
    "gather_images": "wiipipipffp",
    "gather_rows": "iipipipp",
    "rotate90": "wiiippp",
    "rotate": "wiiiippfp",
}
TYPES = {"i": ctypes.c_int64, "w": ctypes.c_int32, "p": ctypes.c_void_p, "f": ctypes.c_float,
         "d": ctypes.c_double}


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

    def reserve_for(self, call):
        size = ctypes.c_size_t()
        self.check(self.shared.sslcuda_plan_begin(self.context))
        try:
            call()
        finally:
            self.check(self.shared.sslcuda_plan_end(self.context, ctypes.byref(size)))
        self.check(self.shared.sslcuda_context_reserve(self.context, size))
