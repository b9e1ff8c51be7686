// Infonce.java - an InfoNCE loss and its gradients from Java, on a GPU or the CPU. In bindings/java:
//   java_home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
//   cc -shared -fPIC "-I$java_home/include" "-I$java_home/include/linux" sslcuda_jni.c \
//      $(pkg-config --cflags --libs sslcuda) -o libsslcuda_jni.so
//   javac -d classes sslcuda/*.java examples/Infonce.java
//   java -Djava.library.path=. -cp classes Infonce
// From Java 24 on, --enable-native-access=ALL-UNNAMED keeps a warning about JNI away.
import java.util.Locale;
import sslcuda.Buffer;
import sslcuda.Context;
import sslcuda.Contrastive;
import sslcuda.SslcudaException;

public final class Infonce {
  private static final int N = 3;
  private static final int D = 2;

  public static void main(String[] arguments) {
    try (Context context = new Context()) { // its buffers are freed with it
      // Row i of a and row i of b are a pair; the other rows of b are what a[i] must not match.
      Buffer a = context.upload(1, 0, 0, 1, -1, 0.5f);
      Buffer b = context.upload(0.9f, 0.1f, 0.2f, 1, -1, 0);
      Buffer loss = context.allocate(1);
      Buffer gradA = context.allocate(N * D);
      Buffer gradB = context.allocate(N * D);

      // What is left away is not computed.
      new Contrastive(Contrastive.Kind.INFONCE, N, D)
          .a(a)
          .b(b)
          .tau(0.5f)
          .loss(loss)
          .gradA(gradA)
          .gradB(gradB)
          .run(context);

      System.out.println("loss " + digits(loss.toFloats()[0]));
      print("grad_a", gradA.toFloats());
      print("grad_b", gradB.toFloats());
    } catch (SslcudaException error) {
      System.err.println(error.getMessage());
      System.exit(1);
    }
  }

  private static void print(String name, float[] matrix) {
    for (int i = 0; i < matrix.length; i += D) {
      System.out.println(name + " " + digits(matrix[i]) + " " + digits(matrix[i + 1]));
    }
  }

  private static String digits(float number) {
    return String.format(Locale.ROOT, "%.6f", number);
  }
}
