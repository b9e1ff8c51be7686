// Package sslcuda calls libsslcuda, kernels for self-supervised learning on CUDA and the CPU.
//
// cgo finds the library by pkg-config. A Context owns its memory; free both with Close. A Context
// serves one call at a time: use it from one goroutine at a time, or a Context for each.
package sslcuda

/*
#cgo pkg-config: sslcuda
#include <sslcuda.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Device says where a Context computes.
type Device int32

const (
	Auto Device = C.SSLCUDA_DEVICE_AUTO // the first usable GPU, else the CPU
	CPU  Device = C.SSLCUDA_DEVICE_CPU
	CUDA Device = C.SSLCUDA_DEVICE_CUDA
)

// Status is the number of a broken rule, SSLCUDA_... of sslcuda.h.
type Status int32

func (s Status) String() string {
	return C.GoString(C.sslcuda_status_name(C.sslcuda_status(s)))
}

// Error is a failed call: its status, and a message with argument, value and rule.
type Error struct {
	Status  Status
	Message string
}

func (e *Error) Error() string {
	return e.Status.String() + ": " + e.Message
}

// Context is a device, its stream and its workspace.
type Context struct {
	handle *C.sslcuda_context
}

// check makes an error of a failed call. A failure without usable context leaves its message in the
// operating system's thread, so callers lock theirs around call and check.
func check(handle *C.sslcuda_context, status C.sslcuda_status) error {
	if status == C.SSLCUDA_OK {
		return nil
	}
	if status == C.SSLCUDA_BUSY || status == C.SSLCUDA_INVALID_CONTEXT {
		handle = nil
	}
	var buffer [1024]C.char
	C.sslcuda_last_message(handle, &buffer[0], C.size_t(len(buffer)))
	return &Error{Status(status), C.GoString(&buffer[0])}
}

// call runs a function of the library on the context.
func (c *Context) call(function func(*C.sslcuda_context) C.sslcuda_status) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return check(c.handle, function(c.handle))
}

// NewContext makes a context; ordinal says which GPU.
func NewContext(device Device, ordinal int) (*Context, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	options := C.sslcuda_context_options{
		size:    C.sizeof_sslcuda_context_options,
		device:  C.int32_t(device),
		ordinal: C.int32_t(ordinal),
	}
	c := &Context{}
	if err := check(nil, C.sslcuda_context_create(&options, &c.handle)); err != nil {
		return nil, err
	}
	return c, nil
}

// Close waits for the context's work and frees all that it owns, its buffers included.
func (c *Context) Close() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	handle := c.handle
	c.handle = nil
	return check(nil, C.sslcuda_context_destroy(handle))
}

// Describe is one line for people: "cpu (2 threads)".
func (c *Context) Describe() (string, error) {
	var buffer [256]C.char
	err := c.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_context_describe(handle, &buffer[0], C.size_t(len(buffer)))
	})
	return C.GoString(&buffer[0]), err
}

// Synchronize waits until all that was queued is done.
func (c *Context) Synchronize() error {
	return c.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_synchronize(handle)
	})
}

// Element is what a Buffer can hold.
type Element interface {
	float32 | int64 | uint8
}

// Buffer is memory of a context's device. A nil *Buffer is what sslcuda.h calls NULL.
type Buffer[T Element] struct {
	context *Context
	memory  unsafe.Pointer
	length  int
}

// Len is the number of elements.
func (b *Buffer[T]) Len() int {
	if b == nil {
		return 0
	}
	return b.length
}

// NewBuffer allocates `length` elements, contents undefined.
func NewBuffer[T Element](c *Context, length int) (*Buffer[T], error) {
	if length < 0 {
		return nil, &Error{Status(C.SSLCUDA_INVALID_SHAPE), fmt.Sprintf("length must be >= 0, got %d", length)}
	}
	b := &Buffer[T]{context: c, length: length}
	err := c.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_alloc(handle, b.bytes(), &b.memory)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Upload allocates a copy of `values`.
func Upload[T Element](c *Context, values []T) (*Buffer[T], error) {
	b, err := NewBuffer[T](c, len(values))
	if err != nil || len(values) == 0 {
		return b, err
	}
	err = c.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_copy(handle, b.memory, unsafe.Pointer(&values[0]), b.bytes(),
			C.SSLCUDA_HOST_TO_DEVICE)
	})
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Values is a copy of the elements, after the work that was queued before.
func (b *Buffer[T]) Values() ([]T, error) {
	values := make([]T, b.length)
	if b.length == 0 {
		return values, nil
	}
	err := b.context.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_copy(handle, unsafe.Pointer(&values[0]), b.memory, b.bytes(),
			C.SSLCUDA_DEVICE_TO_HOST)
	})
	return values, err
}

// Close frees the memory; Context.Close would too.
func (b *Buffer[T]) Close() error {
	memory := b.memory
	b.memory, b.length = nil, 0
	return b.context.call(func(handle *C.sslcuda_context) C.sslcuda_status {
		return C.sslcuda_free(handle, memory)
	})
}

func (b *Buffer[T]) bytes() C.size_t {
	var element T
	return C.size_t(b.length) * C.size_t(unsafe.Sizeof(element))
}

// pointer is the address, NULL for nil.
func (b *Buffer[T]) pointer() unsafe.Pointer {
	if b == nil {
		return nil
	}
	return b.memory
}
