"""What sslcuda.h declares, as tables that ctypes and the checks of arguments are made from.

An argument of a function, or a field of a struct, is one word:

    n                an int64 extent, or a leading dimension
    tau%f            a scalar or plain pointer; its letter is a key of CTYPES
    x:n,in           a dense tensor [n, in] of the call's dtype; nothing after the colon: one element
    a:n,d@lda        rows lda elements apart
    x:n,c,*plane     any further extents, of which the ABI sees the product
    f32/norms:n      a tensor of that element type whatever the call's dtype; any/: of any type

Before the name stands > for an output, = for one that is read too; ? after it marks [opt].
tests/test_abi.py compares all of it with the header and with what a C compiler makes of that.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any, NamedTuple

CTYPES: dict[str, Any] = {
    "p": ctypes.c_void_p,
    "i": ctypes.c_int32,
    "q": ctypes.c_int64,
    "Q": ctypes.c_uint64,
    "N": ctypes.c_size_t,
    "f": ctypes.c_float,
    "d": ctypes.c_double,
}

VERSION = (1, 0)  # major and minor of the header that this file describes

STATUS = (
    "OK", "NULL_POINTER", "INVALID_CONTEXT", "VERSION_MISMATCH", "UNSUPPORTED", "INVALID_SHAPE",
    "SIZE_OVERFLOW", "INVALID_STRIDE", "ALIASED", "INVALID_VALUE", "WRONG_DEVICE", "WORKSPACE",
    "NO_DEVICE", "OUT_OF_MEMORY", "CONTEXT_LOST", "BUSY", "CAPTURE", "DEVICE_ERROR", "INTERNAL",
)
DEVICE = {"auto": 0, "cpu": 1, "cuda": 2}
LOG = {"off": 0, "error": 1, "info": 2, "debug": 3}
COPY = {"host_to_device": 0, "device_to_host": 1, "device_to_device": 2}
DTYPE = {"float32": 0, "bfloat16": 1, "float16": 2, "tf32": 3}
ACTIVATION = {"none": 0, "relu": 1, "sigmoid": 2}
POOL = {"max": 0, "average": 1}
KIND = {
    "infonce": 0, "clip": 1, "ntxent": 2, "supcon": 3, "supcon_in": 4, "siglip": 5, "sampled": 6,
}

OPS = {
    "matmul": "dtype m n k a:m,k@lda lda transpose_a%i b:k,n@ldb ldb transpose_b%i"
    " alpha%f beta%f =c:m,n@ldc ldc",
    "linear_forward": "dtype n in out x:n,in weight:out,in bias?:out activation%i >y:n,out",
    "linear_backward": "dtype n in out x:n,in weight:out,in y?:n,out grad_y:n,out activation%i"
    " >grad_x?:n,in >grad_weight?:out,in >grad_bias?:out",
    "linear_mse": "dtype n in out x:n,in weight:out,in bias?:out target:n,out activation%i"
    " f32/grad_loss?: >f32/loss?: >grad_u?:n,out >y?:n,out",
    "conv2d_forward": "dtype shape%p x:n,c,h,w weight:out,c,kernel_h,kernel_w bias?:out"
    " activation%i >y:n,out,out_h,out_w",
    "conv2d_backward": "dtype shape%p x:n,c,h,w weight:out,c,kernel_h,kernel_w"
    " y?:n,out,out_h,out_w grad_y:n,out,out_h,out_w activation%i"
    " >grad_x?:n,c,h,w >grad_weight?:out,c,kernel_h,kernel_w >grad_bias?:out",
    "l2_normalize_forward": "dtype n d x:n,d >y:n,d >f32/norms?:n",
    "l2_normalize_backward": "dtype n d y:n,d f32/norms:n grad_y:n,d >grad_x:n,d",
    "batch_norm_forward": "dtype n c plane x:n,c,*plane weight?:c bias?:c =f32/running_mean?:c"
    " =f32/running_var?:c training%i momentum%f eps%f activation%i"
    " >y:n,c,*plane >f32/mean?:c >f32/rstd?:c",
    "batch_norm_backward": "dtype n c plane x:n,c,*plane weight?:c y?:n,c,*plane f32/mean:c"
    " f32/rstd:c grad_y:n,c,*plane training%i activation%i"
    " >grad_x?:n,c,*plane >grad_weight?:c >grad_bias?:c",
    "group_norm_forward": "dtype n c plane groups x:n,c,*plane weight?:c bias?:c eps%f"
    " activation%i >y:n,c,*plane >f32/mean?:n,groups >f32/rstd?:n,groups",
    "group_norm_backward": "dtype n c plane groups x:n,c,*plane weight?:c y?:n,c,*plane"
    " f32/mean:n,groups f32/rstd:n,groups grad_y:n,c,*plane activation%i"
    " >grad_x?:n,c,*plane >grad_weight?:c >grad_bias?:c",
    "pool2d_forward": "dtype kind%i shape%p x:n,c,h,w >y:n,c,out_h,out_w",
    "pool2d_backward": "dtype kind%i shape%p x?:n,c,h,w y?:n,c,out_h,out_w"
    " grad_y:n,c,out_h,out_w >grad_x:n,c,h,w",
    "reparameterize_forward": "dtype n d mu:n,d@ld logvar:n,d@ld ld noise?:n,d >z?:n,d >f32/kl?:",
    "reparameterize_backward": "dtype n d mu:n,d@ld logvar:n,d@ld ld noise?:n,d grad_z?:n,d"
    " f32/grad_kl?: >grad_mu:n,d@ld >grad_logvar:n,d@ld",
    "similarity_forward": "dtype n m d a:n,d@lda lda b:m,d@ldb ldb normalize%i tau%f"
    " f32/tau_device?: >s:n,m@lds lds",
    "similarity_backward": "dtype n m d a:n,d@lda lda b:m,d@ldb ldb normalize%i tau%f"
    " f32/tau_device?: grad_s:n,m@lds lds >grad_a?:n,d@lda >grad_b?:m,d@ldb >f32/grad_tau?:",
    "infonce": "dtype n d a:n,d@lda lda b:n,d@ldb ldb tau%f f32/tau_device?: f32/grad_loss?:"
    " >f32/loss?: >f32/row_loss?:n >grad_a?:n,d@lda >grad_b?:n,d@ldb >f32/grad_tau?:",
    "cross_entropy": "dtype n v logits:n,v@ld ld i64/labels?:n targets?:n,v@ld ignore_index%q"
    " smoothing%f f32/grad_loss?: >f32/loss?: >f32/row_loss?:n >grad_logits?:n,v@ld",
    "mse": "dtype count x:*count target:*count sigmoid%i f32/grad_loss?:"
    " >f32/loss?: >grad_x?:*count",
    "binary_cross_entropy": "dtype count x:*count target:*count f32/grad_loss?:"
    " >f32/loss?: >grad_x?:*count",
    "contrastive": "dtype args%p",
    "lse_merge": "count f32/one:*count f32/other:*count >f32/merged:*count",
    "adam_step": "dtype tensors%q counts%p params%p grads%p moments%p variances%p lr%d"
    " f32/lr_device?: beta1%d beta2%d eps%d step%q i64/step_device?:",
    "sgd_step": "dtype tensors%q counts%p params%p grads%p velocities%p lr%d f32/lr_device?:"
    " momentum%d weight_decay%d nesterov%i",
    "lars_step": "dtype tensors%q counts%p params%p grads%p velocities%p adapt%p lr%d"
    " f32/lr_device?: momentum%d weight_decay%d trust%d",
    "random_uniform": "dtype count seed%Q sequence%Q i64/sequence_device?: low%f high%f >y:*count",
    "random_normal": "dtype count seed%Q sequence%Q i64/sequence_device?: mean%f std%f >y:*count",
    "gather_images": "dtype n width u8/images:count,*width count i64/indices?:indices_count"
    " indices_count i64/cursor?: mean%f std%f >y:n,*width",
    "gather_rows": "n row_bytes%q any/rows:count,*width count i64/indices?:indices_count"
    " indices_count i64/cursor?: >any/y:n,*width",
    "rotate90": "dtype n c h x:n,c,h,h i64/turns:n >y:n,c,h,h",
    "rotate": "dtype n c h w x:n,c,h,w f32/degrees:n fill%f >y:n,c,h,w",
    "augment": "dtype n c h w x:n,c,h,w views augmentation%p seed%Q sequence%Q"
    " i64/sequence_device?: >y:views,n,c,h,w",
    "counter_add": "=i64/counter: delta%q",
}

# The other functions: what they take after their context, if any.
MACHINERY = {
    "device_count": "count%p",
    "context_create": "options%p ctx%p",
    "context_destroy": "",
    "last_message": "buffer%p capacity%N",
    "context_device": "device%p ordinal%p",
    "context_describe": "buffer%p capacity%N",
    "context_set_stream": "stream%p",
    "context_get_stream": "stream%p",
    "synchronize": "",
    "context_set_log": "level%i callback%p user%p",
    "plan_begin": "",
    "plan_end": "bytes%p",
    "context_reserve": "bytes%N",
    "context_set_workspace": "buffer%p bytes%N",
    "alloc": "bytes%N pointer%p",
    "free": "pointer%p",
    "copy": "destination%p source%p bytes%N direction%i",
    "fill": "destination%p value%i bytes%N",
    "graph_begin": "",
    "graph_end": "graph%p",
    "graph_launch": "graph%p",
    "graph_destroy": "graph%p",
}
NO_CONTEXT = {"device_count", "context_create"}
# Those that do not return a status: (result, arguments).
QUERIES: dict[str, tuple[Any, list[Any]]] = {
    "version": (ctypes.c_int32, []),
    "build_info": (ctypes.c_char_p, []),
    "status_name": (ctypes.c_char_p, [ctypes.c_int32]),
}
LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p)

# Fields after `size`.
STRUCTS = {
    "context_options": "device%i ordinal%i threads%i trust_pointers%i workspace_bytes%N",
    "conv2d_shape": "n c h w out kernel_h kernel_w stride_h stride_w pad_h pad_w"
    " dilation_h dilation_w groups",
    "pool2d_shape": "n c h w kernel_h kernel_w stride_h stride_w pad_h pad_w",
    "contrastive_args": "kind%i normalize%i n m d a:n,d@lda lda b?:m,d@ldb ldb"
    " tau%f max_scale%f f32/tau_device?: f32/log_scale?:"
    " i64/labels?:n i64/column_labels?:m ignore_index%q f32/weights?:n"
    " positives?:n,d@ld_positives ld_positives"
    " negatives?:n,negatives_per_row,d negatives_per_row i64/indices?:n,sampled sampled"
    " i64/row_ids?:n i64/column_ids?:m u32/mask?:n,words@ld_mask ld_mask margin%f"
    " bias%f f32/bias_device?: f32/column_bias?:m smoothing%f z_loss%f"
    " first_row first_column total_rows total_columns"
    " f32/given_row_lse?:n f32/given_column_lse?:m f32/grad_loss?: f32/grad_row_loss?:n"
    " workspace_limit%N"
    " >f32/loss?: >f32/row_loss?:n >f32/row_lse?:n >f32/column_lse?:m >f32/row_positive?:n"
    " >f32/row_entropy?:n >f32/top1?: >grad_a?:n,d@lda >grad_b?:m,d@ldb"
    " >grad_positives?:n,d@ld_positives >grad_negatives?:n,negatives_per_row,d"
    " >f32/grad_temperature?: >f32/grad_bias?: >f32/grad_column_bias?:m",
    "augmentation": "scale_low%f scale_high%f ratio_low%f ratio_high%f degrees%f shear%f"
    " translate%f flip%f brightness%f contrast%f blur%f sigma_low%f sigma_high%f noise%f drop%f"
    " fill%f",
}


class Argument(NamedTuple):
    """One word of the tables."""

    name: str
    code: str  # key of CTYPES
    tensor: bool = False
    element: str = ""  # "": that of the call
    output: bool = False
    reads: bool = True
    optional: bool = False
    dims: tuple[str, ...] = ()
    ld: str = ""


_WORD = re.compile(r"([>=]?)(?:(\w+)/)?(\w+)(\??)(?:%(\w)|:([\w,*]*)(?:@(\w+))?)?$")


def _argument(word: str) -> Argument:
    match = _WORD.match(word)
    assert match, word
    role, element, name, optional, code, dims, ld = match.groups()
    if dims is None:
        return Argument(name, code or ("i" if name == "dtype" else "q"))
    return Argument(name, "p", True, element or "", role != "", role != ">", optional == "?",
                    tuple(filter(None, dims.split(","))), ld or "")


def arguments(words: str) -> tuple[Argument, ...]:
    return tuple(_argument(word) for word in words.split())


def _struct(name: str) -> type[ctypes.Structure]:
    fields = [("size", ctypes.c_size_t)]
    fields += [(field.name, CTYPES[field.code]) for field in arguments(STRUCTS[name])]
    return type(f"sslcuda_{name}", (ctypes.Structure,), {"_fields_": fields})


ContextOptions = _struct("context_options")
Conv2dShape = _struct("conv2d_shape")
Pool2dShape = _struct("pool2d_shape")
ContrastiveArgs = _struct("contrastive_args")
Augmentation = _struct("augmentation")


def declare(library: ctypes.CDLL) -> None:
    """Gives every function of the library its types."""
    for name, words in {**OPS, **MACHINERY}.items():
        context = [] if name in NO_CONTEXT else [ctypes.c_void_p]
        function = getattr(library, f"sslcuda_{name}")
        function.argtypes = context + [CTYPES[a.code] for a in arguments(words)]
        function.restype = ctypes.c_int32
    for name, (result, types) in QUERIES.items():
        function = getattr(library, f"sslcuda_{name}")
        function.argtypes, function.restype = types, result
