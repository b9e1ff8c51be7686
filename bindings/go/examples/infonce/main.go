// infonce: an InfoNCE loss and its gradients from Go, on a GPU or the CPU. In bindings/go:
//
//	go run ./examples/infonce
package main

import (
	"fmt"
	"os"

	"sslcuda"
)

const n, d = 3, 2

// Row i of a and row i of b are a pair; the other rows of b are what a[i] must not match.
var (
	a = []float32{1, 0, 0, 1, -1, 0.5}
	b = []float32{0.9, 0.1, 0.2, 1, -1, 0}
)

func main() {
	c := must(sslcuda.NewContext(sslcuda.Auto, 0))
	defer c.Close() // its buffers, too

	// What is left nil is not computed.
	loss := sslcuda.Contrastive{
		Kind: sslcuda.InfoNCE, N: n, D: d, Tau: 0.5,
		A:     must(sslcuda.Upload(c, a)),
		B:     must(sslcuda.Upload(c, b)),
		Loss:  must(sslcuda.NewBuffer[float32](c, 1)),
		GradA: must(sslcuda.NewBuffer[float32](c, n*d)),
		GradB: must(sslcuda.NewBuffer[float32](c, n*d)),
	}
	check(loss.Run(c))

	fmt.Printf("loss %.6f\n", must(loss.Loss.Values())[0])
	show("grad_a", must(loss.GradA.Values()))
	show("grad_b", must(loss.GradB.Values()))
}

func show(name string, matrix []float32) {
	for i := 0; i < len(matrix); i += d {
		fmt.Printf("%s %.6f %.6f\n", name, matrix[i], matrix[i+1])
	}
}

// check ends the program with the library's message.
func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}
