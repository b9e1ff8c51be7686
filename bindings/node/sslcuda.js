// sslcuda.js - libsslcuda from Node.js. The native half is built without npm, in this folder:
//   cc -std=c99 -shared -fPIC -I/usr/include/node sslcuda_node.c \
//      $(pkg-config --cflags --libs sslcuda) -o sslcuda.node
// SSLCUDA_NODE names it where it lies elsewhere. A failed call throws an Error whose `code` is the
// status, such as 'SSLCUDA_INVALID_VALUE', and whose message has argument, value and rule.
'use strict';

const native = require(process.env.SSLCUDA_NODE || './sslcuda.node');

const DEVICES = { auto: 0, cpu: 1, cuda: 2 };
const KINDS = { infonce: 0, clip: 1, ntxent: 2, supcon: 3, supconIn: 4, siglip: 5 };

/** Memory of a context's device that holds Float32Array or BigInt64Array elements. */
class DeviceArray {
  #context;
  #Array;
  #length;
  #address;

  /** Made by Context.allocate and Context.upload. */
  constructor(context, Array, length) {
    this.#context = context;
    this.#Array = Array;
    this.#length = length;
    this.#address = native.alloc(context.handle, length * Array.BYTES_PER_ELEMENT);
  }

  get length() {
    return this.#length;
  }

  /** A copy of the elements, after the work that was queued before. */
  values() {
    const values = new this.#Array(this.#length);
    native.read(this.#context.handle, this.#address, values);
    return values;
  }

  /** Sets the elements. */
  write(values) {
    if (!(values instanceof this.#Array) || values.length !== this.#length) {
      throw new RangeError(`expected a ${this.#Array.name} of ${this.#length} elements`);
    }
    native.write(this.#context.handle, this.#address, values);
  }

  /** Frees the memory; Context.close would too. */
  close() {
    native.free(this.#context.handle, this.#address);
    this.#address = 0n;
    this.#length = 0;
  }

  /** The address for an argument: the library cannot see where memory ends. */
  static address(name, buffer, needed, Array = Float32Array) {
    if (buffer === undefined || buffer === null) return 0n;
    if (!(buffer instanceof DeviceArray) || buffer.#Array !== Array || buffer.#length < needed) {
      throw new RangeError(`${name} must be a buffer of ${needed} elements of ${Array.name}`);
    }
    return buffer.#address;
  }
}

/** A device, its stream and its workspace; close it when done, its buffers go with it. */
class Context {
  #handle;

  /** device: 'auto' (the first usable GPU, else the CPU), 'cpu' or 'cuda'; ordinal: which GPU. */
  constructor({ device = 'auto', ordinal = 0 } = {}) {
    if (!(device in DEVICES)) throw new RangeError(`device must be auto, cpu or cuda, got ${device}`);
    this.#handle = native.create(DEVICES[device], ordinal);
  }

  /** @private */
  get handle() {
    if (this.#handle === 0n) throw new Error('the context is closed');
    return this.#handle;
  }

  close() {
    native.destroy(this.#handle);
    this.#handle = 0n;
  }

  /** One line for people: "cpu (2 threads)". */
  describe() {
    return native.describe(this.handle);
  }

  /** Memory for `length` float32, contents undefined. */
  allocate(length) {
    return new DeviceArray(this, Float32Array, length);
  }

  /** A copy of a Float32Array, or of a BigInt64Array (labels), in the device's memory. */
  upload(values) {
    const Array = values instanceof BigInt64Array ? BigInt64Array : Float32Array;
    const buffer = new DeviceArray(this, Array, values.length);
    buffer.write(values);
    return buffer;
  }

  /**
   * A loss over pairs of rows, and its gradients; sslcuda.h has the formulas. Outputs (loss, rowLoss,
   * gradA, gradB, gradTau) that are left away are not computed; without b, the loss is within a.
   */
  contrastive({ kind, n, m = n, d, tau = 1, bias = 0, normalize = false, a, b, labels, ...outputs }) {
    if (!(kind in KINDS)) throw new RangeError(`kind must be of ${Object.keys(KINDS)}, got ${kind}`);
    const sizes = { loss: 1, rowLoss: n, gradA: n * d, gradB: m * d, gradTau: 1 };
    for (const name of Object.keys(outputs)) {
      if (!(name in sizes)) throw new RangeError(`contrastive takes no ${name}`);
    }
    native.contrastive(
      this.handle, KINDS[kind], normalize ? 1 : 0, n, m, d, tau, bias,
      DeviceArray.address('a', a, n * d), DeviceArray.address('b', b, m * d),
      DeviceArray.address('labels', labels, n, BigInt64Array),
      ...Object.entries(sizes).map(([name, size]) => DeviceArray.address(name, outputs[name], size)));
  }

  /** y = the n rows of x, d wide, scaled to unit length. */
  l2Normalize({ n, d, x, y, norms }) {
    native.l2Normalize(this.handle, n, d, DeviceArray.address('x', x, n * d),
      DeviceArray.address('y', y, n * d), DeviceArray.address('norms', norms, n));
  }

  /** The gradient of x from that of y; y and norms are the outputs of l2Normalize. */
  l2NormalizeBackward({ n, d, y, norms, gradY, gradX }) {
    native.l2NormalizeBackward(this.handle, n, d, DeviceArray.address('y', y, n * d),
      DeviceArray.address('norms', norms, n), DeviceArray.address('gradY', gradY, n * d),
      DeviceArray.address('gradX', gradX, n * d));
  }
}

module.exports = { Context };
