package sslcuda;

/** What sslcuda_jni.c implements. Contexts and device memory are addresses, 0 is NULL. */
final class Native {
  static {
    System.loadLibrary("sslcuda_jni");
  }

  private Native() {}

  static native long create(int device, int ordinal);

  static native void destroy(long context);

  static native String describe(long context);

  static native void synchronize(long context);

  static native long alloc(long context, long bytes);

  static native void free(long context, long memory);

  static native void writeFloats(long context, long memory, float[] values);

  static native void writeLongs(long context, long memory, long[] values);

  static native void readFloats(long context, long memory, float[] values);

  static native void readLongs(long context, long memory, long[] values);

  static native void contrastive(
      long context, int kind, boolean normalize, long n, long m, long d, long a, long b, float tau,
      float bias, long labels, long loss, long rowLoss, long gradA, long gradB, long gradTau);

  static native void l2NormalizeForward(long context, long n, long d, long x, long y, long norms);

  static native void l2NormalizeBackward(
      long context, long n, long d, long y, long norms, long gradY, long gradX);
}
