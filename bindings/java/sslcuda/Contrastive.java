package sslcuda;

/**
 * A loss over pairs of rows with its gradients; sslcuda.h has the formulas. Set what the loss needs,
 * and the outputs that are wanted, then run it.
 */
public final class Contrastive {
  /** In the order of sslcuda.h. */
  public enum Kind {
    INFONCE,
    CLIP,
    NTXENT,
    SUPCON,
    SUPCON_IN,
    SIGLIP
  }

  private final Kind kind;
  private final long n;
  private final long m;
  private final long d;
  private boolean normalize;
  private float tau = 1;
  private float bias;
  private Buffer a;
  private Buffer b;
  private Buffer labels;
  private Buffer loss;
  private Buffer rowLoss;
  private Buffer gradA;
  private Buffer gradB;
  private Buffer gradTau;

  /** {@code n} rows of a and b, {@code d} wide. */
  public Contrastive(Kind kind, long n, long d) {
    this(kind, n, n, d);
  }

  /** {@code n} rows of a, {@code m} rows of b. */
  public Contrastive(Kind kind, long n, long m, long d) {
    this.kind = kind;
    this.n = n;
    this.m = m;
    this.d = d;
  }

  public Contrastive a(Buffer rows) {
    a = rows;
    return this;
  }

  /** Left away, the loss is within a. */
  public Contrastive b(Buffer rows) {
    b = rows;
    return this;
  }

  /** Rows count as scaled to unit length. */
  public Contrastive normalize() {
    normalize = true;
    return this;
  }

  public Contrastive tau(float temperature) {
    tau = temperature;
    return this;
  }

  /** SIGLIP. */
  public Contrastive bias(float value) {
    bias = value;
    return this;
  }

  /** [n] longs: positives of INFONCE, classes of SUPCON. */
  public Contrastive labels(Buffer values) {
    labels = values;
    return this;
  }

  public Contrastive loss(Buffer one) {
    loss = one;
    return this;
  }

  public Contrastive rowLoss(Buffer values) {
    rowLoss = values;
    return this;
  }

  public Contrastive gradA(Buffer gradient) {
    gradA = gradient;
    return this;
  }

  public Contrastive gradB(Buffer gradient) {
    gradB = gradient;
    return this;
  }

  public Contrastive gradTau(Buffer one) {
    gradTau = one;
    return this;
  }

  /** Queues it on the context. */
  public void run(Context context) {
    Native.contrastive(
        context.handle(), kind.ordinal(), normalize, n, m, d, Buffer.require("a", a, n * d),
        Buffer.optional("b", b, m * d), tau, bias,
        labels == null ? 0 : Buffer.require("labels", labels, n, Long.BYTES),
        Buffer.optional("loss", loss, 1), Buffer.optional("rowLoss", rowLoss, n),
        Buffer.optional("gradA", gradA, n * d), Buffer.optional("gradB", gradB, m * d),
        Buffer.optional("gradTau", gradTau, 1));
  }
}
