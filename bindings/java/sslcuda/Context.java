package sslcuda;

/**
 * A device, its stream and its workspace. Closing it frees its buffers, too. It serves one call at a
 * time: a second thread's call is refused with SSLCUDA_BUSY.
 */
public final class Context implements AutoCloseable {
  /** Where a context computes; AUTO takes the first usable GPU, else the CPU. */
  public enum Device {
    AUTO,
    CPU,
    CUDA
  }

  private long handle;

  public Context() {
    this(Device.AUTO, 0);
  }

  /** {@code ordinal} says which GPU. */
  public Context(Device device, int ordinal) {
    handle = Native.create(device.ordinal(), ordinal);
  }

  long handle() {
    if (handle == 0) throw new IllegalStateException("the context is closed");
    return handle;
  }

  /** Memory for {@code length} floats, contents undefined. */
  public Buffer allocate(int length) {
    return new Buffer(this, length, Float.BYTES);
  }

  /** A copy of the values in the device's memory. */
  public Buffer upload(float... values) {
    Buffer buffer = allocate(values.length);
    Native.writeFloats(handle(), buffer.address(), values);
    return buffer;
  }

  /** The same for whole numbers, such as labels. */
  public Buffer uploadLongs(long... values) {
    Buffer buffer = new Buffer(this, values.length, Long.BYTES);
    Native.writeLongs(handle(), buffer.address(), values);
    return buffer;
  }

  /** One line for people: "cpu (2 threads)". */
  public String describe() {
    return Native.describe(handle());
  }

  /** Waits until all that was queued is done. */
  public void synchronize() {
    Native.synchronize(handle());
  }

  /** y = the n rows of x, d wide, scaled to unit length; norms [n] may be null. */
  public void l2Normalize(long n, long d, Buffer x, Buffer y, Buffer norms) {
    Native.l2NormalizeForward(
        handle(), n, d, Buffer.require("x", x, n * d), Buffer.require("y", y, n * d),
        Buffer.optional("norms", norms, n));
  }

  /** The gradient of x from that of y; y and norms are the outputs of l2Normalize. */
  public void l2NormalizeBackward(
      long n, long d, Buffer y, Buffer norms, Buffer gradY, Buffer gradX) {
    Native.l2NormalizeBackward(
        handle(), n, d, Buffer.require("y", y, n * d), Buffer.require("norms", norms, n),
        Buffer.require("gradY", gradY, n * d), Buffer.require("gradX", gradX, n * d));
  }

  @Override
  public void close() {
    long owned = handle;
    handle = 0;
    Native.destroy(owned);
  }
}
