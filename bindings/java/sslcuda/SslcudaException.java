package sslcuda;

/** A failed call: the number of the broken rule, and a message with argument, value and rule. */
public final class SslcudaException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int status;

  SslcudaException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** SSLCUDA_... of sslcuda.h. */
  public int status() {
    return status;
  }
}
