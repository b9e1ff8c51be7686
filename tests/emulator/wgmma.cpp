#include "tests/emulator/wgmma.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/emulator/group.hpp"
#include "tests/emulator/number.hpp"
#include "tests/emulator/report.hpp"
#include "tests/emulator/tensor_map.hpp"

namespace emulator {

namespace {

constexpr unsigned kRows = 64, kMaxK = 16, kMaxN = 256;

unsigned element_bytes(MatrixType type) { return type == MatrixType::kTf32 ? 4 : 2; }

float to_float(MatrixType type, uint32_t bits) {
  switch (type) {
    case MatrixType::kBf16:
      return from_bf16(bits);
    case MatrixType::kF16:
      return from_f16(bits);
    case MatrixType::kTf32:
      return from_tf32(bits);
  }
  __builtin_unreachable();
}

// An operand in shared memory, by the fields of its matrix descriptor (PTX ISA, "Matrix Descriptor
// Format" and "Strides" of wgmma). Its elements come in cores of 8 lines of 16 bytes, or of 8 lines
// of the width of the swizzle.
class Operand {
 public:
  Operand(uint64_t descriptor, MatrixType type, bool mn_major)
      : start_(address_field(descriptor, 0)),
        leading_(address_field(descriptor, 16)),
        stride_(address_field(descriptor, 32)),
        swizzle_(kSwizzleBytes[descriptor >> 62]),
        bytes_(element_bytes(type)),
        mn_major_(mn_major) {}

  static bool has_base_offset(uint64_t descriptor) { return (descriptor >> 49 & 7) != 0; }

  // Address of the element at row or column mn, and k.
  uint32_t at(unsigned mn, unsigned k) const {
    return swizzle(start_ + (mn_major_ ? mn_major_offset(mn, k) : k_major_offset(mn, k)), swizzle_);
  }

 private:
  static constexpr uint32_t kSwizzleBytes[] = {0, 128, 64, 32};
  static constexpr unsigned kLines = 8, kPiece = 16;

  static uint32_t address_field(uint64_t descriptor, unsigned shift) {
    return static_cast<uint32_t>(descriptor >> shift & 0x3fff) << 4;
  }

  uint32_t k_major_offset(unsigned mn, unsigned k) const {
    const unsigned along = k * bytes_;
    if (swizzle_ != 0) return mn / kLines * stride_ + mn % kLines * swizzle_ + along;
    return mn / kLines * stride_ + mn % kLines * kPiece + along / kPiece * leading_ +
           along % kPiece;
  }

  uint32_t mn_major_offset(unsigned mn, unsigned k) const {
    const unsigned along = mn * bytes_;
    if (swizzle_ != 0) {
      return along / swizzle_ * leading_ + along % swizzle_ + k % kLines * swizzle_ +
             k / kLines * stride_;
    }
    return along / kPiece * stride_ + along % kPiece + k % kLines * kPiece + k / kLines * leading_;
  }

  const uint32_t start_, leading_, stride_, swizzle_;
  const unsigned bytes_;
  const bool mn_major_;
};

// Reads one element; false: it lies outside the block's shared memory.
bool read(Block& block, const WgmmaProduct& product, uint32_t address, float& value) {
  const unsigned bytes = element_bytes(product.call.type);
  if (!block.shared().contains(address, bytes)) return false;
  const unsigned char* const memory = block.shared().at(address);
  race::access(product.agent, memory, bytes, false, product.where);
  uint32_t bits = 0;
  std::memcpy(&bits, memory, bytes);
  value = to_float(product.call.type, bits);
  return true;
}

// Row of D, or of A, that a thread holds: the first of two, 8 apart.
unsigned first_row(unsigned thread) { return thread / kWarp * 16 + thread % kWarp / 4; }

// A of the threads' registers: the fragments of mma.sync, a warp for every 16 rows.
void unpack_fragments(const WgmmaProduct& product, float (&a)[kRows][kMaxK]) {
  const bool is_tf32 = product.call.type == MatrixType::kTf32;
  for (unsigned thread = 0; thread < kWarpgroup; ++thread) {
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned row = first_row(thread) + 8 * (i % 2), quad = thread % 4;
      const uint32_t bits = product.a_fragments[thread][i];
      if (is_tf32) {
        a[row][quad + 4 * (i / 2)] = from_tf32(bits);
      } else {
        const unsigned k = 2 * quad + 8 * (i / 2);
        a[row][k] = to_float(product.call.type, bits & 0xffffu);
        a[row][k + 1] = to_float(product.call.type, bits >> 16);
      }
    }
  }
}

// False: an operand is not in shared memory.
bool multiply(Block& block, WgmmaProduct& product) {
  static float a[kRows][kMaxK], b[kMaxK][kMaxN], d[kRows][kMaxN];
  const WgmmaCall& call = product.call;
  const unsigned depth = 32 / element_bytes(call.type);
  const Operand operand_a(call.a, call.type, call.a_mn_major);
  const Operand operand_b(call.b, call.type, call.b_mn_major);
  if (call.a_in_registers) unpack_fragments(product, a);
  for (unsigned k = 0; k < depth; ++k) {
    for (unsigned row = 0; row < kRows && !call.a_in_registers; ++row) {
      if (!read(block, product, operand_a.at(row, k), a[row][k])) return false;
    }
    for (unsigned n = 0; n < call.n; ++n) {
      if (!read(block, product, operand_b.at(n, k), b[k][n])) return false;
    }
  }
  for (unsigned row = 0; row < kRows; ++row) {
    std::fill_n(d[row], call.n, 0.0f);
    for (unsigned k = 0; k < depth; ++k) {
      for (unsigned n = 0; n < call.n; ++n) d[row][n] += a[row][k] * b[k][n];
    }
  }
  for (unsigned thread = 0; thread < kWarpgroup; ++thread) {
    std::vector<float>& values = product.accumulators[thread]->values;
    for (unsigned i = 0; i < call.n / 2; ++i) {
      const unsigned row = first_row(thread) + 8 * (i / 2 % 2);
      const float sum = d[row][i / 4 * 8 + thread % 4 * 2 + i % 2];
      values[i] = call.accumulates ? values[i] + sum : sum;
    }
  }
  return true;
}

// Products of a warpgroup are done in the order of their issue.
void run_next(Group& group, Block& block, Warpgroup& warpgroup) {
  WgmmaProduct& product = *warpgroup.products[warpgroup.next++];
  if (!multiply(block, product)) {
    return group.note_fault(describe(product.where) +
                            ": wgmma reads outside the block's shared memory");
  }
  product.is_done = true;
  group.wake_all(product.waiting);
}

// What the accumulator registers of a thread stand for.
std::shared_ptr<Accumulator> take_accumulator(Group& group, float* registers, unsigned count,
                                              const Where& where) {
  WgmmaThread& state = group.self().wgmma;
  for (const auto& accumulator : state.accumulators) {
    if (accumulator->registers == registers) {
      if (accumulator->values.size() == count) return accumulator;
      group.fail("wgmma of another shape on accumulators that are in use", where);
    }
  }
  if (!state.is_fenced) group.fail("wgmma on registers without wgmma.fence before it", where);
  auto accumulator = std::make_shared<Accumulator>();
  accumulator->registers = registers;
  accumulator->values.assign(registers, registers + count);
  state.accumulators.push_back(accumulator);
  return accumulator;
}

}  // namespace

void wgmma_fence() {
  WgmmaThread& state = Group::current()->self().wgmma;
  state.is_fenced = state.are_fragments_fenced = true;
}

void wgmma(const WgmmaCall& call, float* d, const uint32_t* a, const Where& where) {
  Group& group = *Group::current();
  Block& block = group.block();
  const unsigned number = group.self().number, thread = number % kWarpgroup;
  WgmmaThread& state = group.self().wgmma;
  if (block.size() < number - thread + kWarpgroup) {
    group.fail("wgmma by a warpgroup of less than 128 threads", where);
  }
  if ((!call.a_in_registers && Operand::has_base_offset(call.a)) ||
      Operand::has_base_offset(call.b)) {
    group.fail("wgmma: descriptors with a base offset are not emulated", where);
  }
  if (call.a_in_registers && !state.are_fragments_fenced) {
    group.fail("wgmma with A in registers without wgmma.fence before it", where);
  }
  Warpgroup& warpgroup = block.warpgroups()[number / kWarpgroup];
  if (warpgroup.products.size() == state.issued) {
    warpgroup.products.push_back(std::make_unique<WgmmaProduct>());
    warpgroup.products.back()->call = call;
    warpgroup.products.back()->where = where;
  }
  WgmmaProduct& product = *warpgroup.products[state.issued++];
  if (product.call != call || product.where.line() != where.line()) {
    group.fail(
        "threads of a warpgroup disagree about a wgmma; others are at " + describe(product.where),
        where);
  }
  product.accumulators[thread] = take_accumulator(group, d, call.n / 2, where);
  ++product.accumulators[thread]->products;
  if (a) std::copy_n(a, 4, product.a_fragments[thread]);
  std::fill_n(d, call.n / 2, NAN);
  state.last = where;
  product.issued.join(race::release());
  if (++product.arrived < kWarpgroup) return;
  product.agent = race::start_agent(race::Proxy::kAsync, product.issued);
  group.later([&group, &block, &warpgroup] { run_next(group, block, warpgroup); });
}

void wgmma_commit() {
  WgmmaThread& state = Group::current()->self().wgmma;
  state.groups.push_back(state.issued);
  state.are_fragments_fenced = false;
}

void wgmma_wait(unsigned pending, const Where& where) {
  Group& group = *Group::current();
  const unsigned number = group.self().number;
  WgmmaThread& state = group.self().wgmma;
  Warpgroup& warpgroup = group.block().warpgroups()[number / kWarpgroup];
  const size_t groups = state.groups.size();
  const size_t end = pending >= groups ? 0 : state.groups[groups - 1 - pending];
  for (; state.waited < end; ++state.waited) {
    WgmmaProduct& product = *warpgroup.products[state.waited];
    while (!product.is_done) {
      group.begin_wait("wgmma.wait_group", where);
      product.waiting.push_back(&group.self());
      group.suspend();
    }
    race::acquire(product.agent);
    race::acquire(product.issued);  // it is done only when all four warps have issued it
    std::shared_ptr<Accumulator>& accumulator = product.accumulators[number % kWarpgroup];
    if (--accumulator->products == 0) {
      std::copy(accumulator->values.begin(), accumulator->values.end(), accumulator->registers);
      std::erase(state.accumulators, accumulator);
    }
    accumulator.reset();
    if (++product.waited == kWarpgroup) warpgroup.products[state.waited].reset();
  }
  state.is_fenced = false;
  group.maybe_yield(where);
}

}  // namespace emulator
