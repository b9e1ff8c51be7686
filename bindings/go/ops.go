package sslcuda

/*
#include <sslcuda.h>
*/
import "C"

import "fmt"

// Kind chooses a loss of the contrastive family; sslcuda.h has the formulas.
type Kind int32

const (
	InfoNCE  Kind = C.SSLCUDA_INFONCE
	CLIP     Kind = C.SSLCUDA_CLIP
	NTXent   Kind = C.SSLCUDA_NTXENT
	SupCon   Kind = C.SSLCUDA_SUPCON
	SupConIn Kind = C.SSLCUDA_SUPCON_IN
	SigLIP   Kind = C.SSLCUDA_SIGLIP
)

// Contrastive is a loss over pairs of rows, with its gradients. Leave outputs that are not wanted
// nil, and B where the loss is within one tensor (NTXent, SupCon, SupConIn).
type Contrastive struct {
	Kind      Kind
	N, M, D   int // rows of A, rows of B (0: as many as A has), width
	A, B      *Buffer[float32]
	Normalize bool           // rows count as scaled to unit length
	Tau       float32        // temperature
	Bias      float32        // SigLIP
	Labels    *Buffer[int64] // [N]: positives of InfoNCE, classes of SupCon

	Loss         *Buffer[float32] // one
	RowLoss      *Buffer[float32] // [N]
	GradA, GradB *Buffer[float32] // as A and B
	GradTau      *Buffer[float32] // one
}

// need is an argument with the number of elements that it must have.
type need struct {
	name          string
	length, given int
	absent        bool
}

// checkLengths keeps the library from reading past the end of a buffer.
func checkLengths(needs ...need) error {
	for _, n := range needs {
		if !n.absent && n.given < n.length {
			return &Error{Status(C.SSLCUDA_INVALID_SHAPE),
				fmt.Sprintf("%s must have %d elements, got %d", n.name, n.length, n.given)}
		}
	}
	return nil
}

func flag(value bool) C.int32_t {
	if value {
		return 1
	}
	return 0
}

// Run queues the loss on the context.
func (l Contrastive) Run(c *Context) error {
	m := l.M
	if m == 0 {
		m = l.N
	}
	err := checkLengths(
		need{"A", l.N * l.D, l.A.Len(), false},
		need{"B", m * l.D, l.B.Len(), l.B == nil},
		need{"Labels", l.N, l.Labels.Len(), l.Labels == nil},
		need{"Loss", 1, l.Loss.Len(), l.Loss == nil},
		need{"RowLoss", l.N, l.RowLoss.Len(), l.RowLoss == nil},
		need{"GradA", l.N * l.D, l.GradA.Len(), l.GradA == nil},
		need{"GradB", m * l.D, l.GradB.Len(), l.GradB == nil},
		need{"GradTau", 1, l.GradTau.Len(), l.GradTau == nil},
	)
	if err != nil {
		return err
	}
	args := C.sslcuda_contrastive_args{
		size:             C.sizeof_sslcuda_contrastive_args,
		kind:             C.int32_t(l.Kind),
		normalize:        flag(l.Normalize),
		n:                C.int64_t(l.N),
		m:                C.int64_t(m),
		d:                C.int64_t(l.D),
		a:                l.A.pointer(),
		lda:              C.int64_t(l.D),
		b:                l.B.pointer(),
		ldb:              C.int64_t(l.D),
		tau:              C.float(l.Tau),
		labels:           (*C.int64_t)(l.Labels.pointer()),
		ignore_index:     -100,
		bias:             C.float(l.Bias),
		loss:             (*C.float)(l.Loss.pointer()),
		row_loss:         (*C.float)(l.RowLoss.pointer()),
		grad_a:           l.GradA.pointer(),
		grad_b:           l.GradB.pointer(),
		grad_temperature: (*C.float)(l.GradTau.pointer()),
	}
	return c.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_contrastive(handle, C.SSLCUDA_F32, &args)
	})
}

// L2Normalize scales the n rows of x, d wide, to unit length. `norms` [n] may be nil.
func L2Normalize(c *Context, n, d int, x, y, norms *Buffer[float32]) error {
	err := checkLengths(
		need{"x", n * d, x.Len(), false},
		need{"y", n * d, y.Len(), false},
		need{"norms", n, norms.Len(), norms == nil},
	)
	if err != nil {
		return err
	}
	return c.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_l2_normalize_forward(handle, C.SSLCUDA_F32, C.int64_t(n), C.int64_t(d),
			x.pointer(), y.pointer(), (*C.float)(norms.pointer()))
	})
}

// L2NormalizeBackward takes the outputs of L2Normalize and the gradient of y, and gives that of x.
func L2NormalizeBackward(c *Context, n, d int, y, norms, gradY, gradX *Buffer[float32]) error {
	err := checkLengths(
		need{"y", n * d, y.Len(), false},
		need{"norms", n, norms.Len(), false},
		need{"gradY", n * d, gradY.Len(), false},
		need{"gradX", n * d, gradX.Len(), false},
	)
	if err != nil {
		return err
	}
	return c.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_l2_normalize_backward(handle, C.SSLCUDA_F32, C.int64_t(n), C.int64_t(d),
			y.pointer(), (*C.float)(norms.pointer()), gradY.pointer(), gradX.pointer())
	})
}
