package sslcuda

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func context(t *testing.T) *Context {
	c, err := NewContext(CPU, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func upload(t *testing.T, c *Context, values ...float32) *Buffer[float32] {
	b, err := Upload(c, values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRefusalHasStatusAndMessage(t *testing.T) {
	c := context(t)
	a := upload(t, c, 1, 2, 3, 4)
	err := Contrastive{Kind: InfoNCE, N: 2, D: 2, A: a, B: a, Tau: -1, Loss: upload(t, c, 0)}.Run(c)
	var failure *Error
	if !errors.As(err, &failure) || failure.Status.String() != "SSLCUDA_INVALID_VALUE" ||
		!strings.Contains(failure.Message, "tau") {
		t.Fatalf("got %v", err)
	}
}

func TestShortBufferIsRefused(t *testing.T) {
	c := context(t)
	a := upload(t, c, 1, 2, 3)
	err := Contrastive{Kind: NTXent, N: 2, D: 2, A: a, Tau: 1}.Run(c)
	if err == nil || !strings.Contains(err.Error(), "A must have 4 elements, got 3") {
		t.Fatalf("got %v", err)
	}
}

func TestClosedContextIsRefused(t *testing.T) {
	c := context(t)
	a := upload(t, c, 1)
	c.Close()
	if _, err := a.Values(); err == nil {
		t.Fatal("a closed context still reads")
	}
}

func TestNormalize(t *testing.T) {
	c := context(t)
	x, y, norms := upload(t, c, 3, 4, 0, 0), upload(t, c, 0, 0, 0, 0), upload(t, c, 0, 0)
	if err := L2Normalize(c, 2, 2, x, y, norms); err != nil {
		t.Fatal(err)
	}
	unit, err := y.Values()
	if err != nil {
		t.Fatal(err)
	}
	for i, expected := range []float64{0.6, 0.8, 0, 0} {
		if math.Abs(float64(unit[i])-expected) > 1e-6 {
			t.Fatalf("got %v", unit)
		}
	}
	gradX := upload(t, c, 0, 0, 0, 0)
	if err := L2NormalizeBackward(c, 2, 2, y, norms, upload(t, c, 1, 0, 1, 0), gradX); err != nil {
		t.Fatal(err)
	}
	// (grad - y <y, grad>) / |x| = ((1, 0) - (0.6, 0.8) 0.6) / 5; a zero row has none.
	gradient, _ := gradX.Values()
	for i, expected := range []float64{0.128, -0.096, 0, 0} {
		if math.Abs(float64(gradient[i])-expected) > 1e-6 {
			t.Fatalf("got %v", gradient)
		}
	}
}
