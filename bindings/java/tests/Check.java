import sslcuda.Buffer;
import sslcuda.Context;
import sslcuda.Contrastive;
import sslcuda.SslcudaException;

/** What the Java binding refuses, and one gradient by hand. */
public final class Check {
  private static void expect(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  private static void expectClose(float[] actual, float... expected) {
    for (int i = 0; i < actual.length; ++i) {
      expect(Math.abs(actual[i] - expected[i]) < 1e-6, "element " + i + " is " + actual[i]);
    }
  }

  private static RuntimeException refusal(Runnable call) {
    try {
      call.run();
    } catch (SslcudaException | IllegalArgumentException | IllegalStateException error) {
      return error;
    }
    throw new AssertionError("not refused");
  }

  public static void main(String[] arguments) {
    Context context = new Context(Context.Device.CPU, 0);
    Buffer rows = context.upload(3, 4, 0, 0);
    Buffer output = context.allocate(4);
    Buffer norms = context.allocate(2);

    RuntimeException refused =
        refusal(
            () ->
                new Contrastive(Contrastive.Kind.INFONCE, 2, 2)
                    .a(rows)
                    .b(rows)
                    .tau(-1)
                    .run(context));
    expect(refused instanceof SslcudaException, "the library refuses tau");
    expect(((SslcudaException) refused).status() == 9, "status of " + refused.getMessage());
    expect(refused.getMessage().contains("tau must be finite and > 0"), refused.getMessage());
    refused = refusal(() -> new Contrastive(Contrastive.Kind.NTXENT, 4, 2).a(rows).run(context));
    expect(refused.getMessage().contains("a must have 8 elements"), refused.getMessage());
    refused = refusal(() -> context.uploadLongs(1, 2).toFloats());
    expect(refused.getMessage().contains("does not hold floats"), refused.getMessage());
    expect(context.uploadLongs(7, -8).toLongs()[1] == -8, "longs come back");

    context.l2Normalize(2, 2, rows, output, norms);
    expectClose(output.toFloats(), 0.6f, 0.8f, 0, 0);
    Buffer gradient = context.upload(1, 0, 1, 0);
    // (grad - y <y, grad>) / |x| = ((1, 0) - (0.6, 0.8) 0.6) / 5; a zero row has none.
    context.l2NormalizeBackward(2, 2, output, norms, gradient, gradient);
    expectClose(gradient.toFloats(), 0.128f, -0.096f, 0, 0);

    context.close();
    refusal(context::describe);
    System.out.println("Java: all as expected");
  }
}
