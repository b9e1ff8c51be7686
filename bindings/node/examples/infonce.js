// infonce.js - an InfoNCE loss and its gradients from Node.js, on a GPU or the CPU. After building
// sslcuda.node as sslcuda.js says, in bindings/node:
//   node examples/infonce.js
'use strict';

const { Context } = require('../sslcuda.js');

const n = 3;
const d = 2;
// Row i of a and row i of b are a pair; the other rows of b are what a[i] must not match.
const a = Float32Array.of(1, 0, 0, 1, -1, 0.5);
const b = Float32Array.of(0.9, 0.1, 0.2, 1, -1, 0);

function print(name, matrix) {
  for (let i = 0; i < matrix.length; i += d) {
    console.log(name, matrix[i].toFixed(6), matrix[i + 1].toFixed(6));
  }
}

const context = new Context();
try {
  const loss = context.allocate(1);
  const gradA = context.allocate(n * d);
  const gradB = context.allocate(n * d);
  // Outputs that are left away are not computed.
  context.contrastive({
    kind: 'infonce', n, d, tau: 0.5, a: context.upload(a), b: context.upload(b), loss, gradA, gradB,
  });
  console.log('loss', loss.values()[0].toFixed(6));
  print('grad_a', gradA.values());
  print('grad_b', gradB.values());
} finally {
  context.close(); // its buffers, too
}
