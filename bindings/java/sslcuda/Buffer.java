package sslcuda;

/** Memory of a context's device. Freed by close(), at the latest with the context. */
public final class Buffer implements AutoCloseable {
  private final Context context;
  private final int length;
  private final int elementBytes;
  private long address;

  Buffer(Context context, int length, int elementBytes) {
    this.context = context;
    this.length = length;
    this.elementBytes = elementBytes;
    address = Native.alloc(context.handle(), (long) length * elementBytes);
  }

  /** The number of elements. */
  public int length() {
    return length;
  }

  long address() {
    if (address == 0 && length > 0) throw new IllegalStateException("the buffer is closed");
    return address;
  }

  /** A copy of the floats, after the work that was queued before. */
  public float[] toFloats() {
    requireElements(Float.BYTES, "floats");
    float[] values = new float[length];
    Native.readFloats(context.handle(), address(), values);
    return values;
  }

  public long[] toLongs() {
    requireElements(Long.BYTES, "longs");
    long[] values = new long[length];
    Native.readLongs(context.handle(), address(), values);
    return values;
  }

  @Override
  public void close() {
    long owned = address;
    address = 0;
    Native.free(context.handle(), owned);
  }

  private void requireElements(int bytes, String name) {
    if (elementBytes != bytes) throw new IllegalStateException("the buffer does not hold " + name);
  }

  /** The address for an argument of `needed` floats: the library cannot see where memory ends. */
  static long require(String name, Buffer buffer, long needed) {
    return require(name, buffer, needed, Float.BYTES);
  }

  static long require(String name, Buffer buffer, long needed, int elementBytes) {
    if (buffer == null) throw new IllegalArgumentException(name + " must not be null");
    if (buffer.elementBytes != elementBytes || buffer.length < needed) {
      throw new IllegalArgumentException(
          name + " must have " + needed + " elements of " + elementBytes + " bytes, got "
              + buffer.length + " of " + buffer.elementBytes);
    }
    return buffer.address();
  }

  static long optional(String name, Buffer buffer, long needed) {
    return buffer == null ? 0 : require(name, buffer, needed);
  }
}
