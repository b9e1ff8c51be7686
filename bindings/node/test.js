// test.js - what sslcuda.js refuses, and one gradient by hand: node test.js
'use strict';

const assert = require('node:assert');
const { Context } = require('./sslcuda.js');

const context = new Context({ device: 'cpu' });
const rows = context.upload(Float32Array.of(3, 4, 0, 0));
const output = context.allocate(4);
const norms = context.allocate(2);

// The library's refusal, with its status and message.
assert.throws(() => context.contrastive({ kind: 'infonce', n: 2, d: 2, tau: -1, a: rows, b: rows }),
  { code: 'SSLCUDA_INVALID_VALUE', message: /tau must be finite and > 0, got -1/ });
// What the library cannot see.
assert.throws(() => context.contrastive({ kind: 'ntxent', n: 4, d: 2, a: rows }),
  /a must be a buffer of 8 elements/);
assert.throws(() => context.contrastive({ kind: 'ntxent', n: 2, d: 2, a: 'rows' }), /a must be/);
assert.throws(() => context.contrastive({ kind: 'ntxent', n: 2, d: 2, a: rows, grad_a: output }),
  /takes no grad_a/);
assert.throws(() => new Context({ device: 'tpu' }), /device must be/);

function close(actual, expected) {
  actual.forEach((value, i) => assert(Math.abs(value - expected[i]) < 1e-6, `got ${actual}`));
}
context.l2Normalize({ n: 2, d: 2, x: rows, y: output, norms });
close(output.values(), [0.6, 0.8, 0, 0]);
const gradient = context.upload(Float32Array.of(1, 0, 1, 0));
// (grad - y <y, grad>) / |x| = ((1, 0) - (0.6, 0.8) 0.6) / 5; a zero row has none.
context.l2NormalizeBackward({ n: 2, d: 2, y: output, norms, gradY: gradient, gradX: gradient });
close(gradient.values(), [0.128, -0.096, 0, 0]);

rows.close();
assert.strictEqual(rows.length, 0);
context.close();
assert.throws(() => context.describe(), /closed/);
console.log('sslcuda.js: all as expected');
