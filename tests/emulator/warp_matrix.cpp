#include "tests/emulator/warp_matrix.hpp"

#include <cstring>

#include "tests/emulator/group.hpp"
#include "tests/emulator/number.hpp"

namespace emulator {

namespace {

constexpr unsigned kAll = ~0u, kRows = 8, kRowBytes = 16;

struct Rows {
  uint32_t* registers;
  unsigned count;
  bool transposed;
  unsigned char* row;  // null: the lane's is not used
};

// The element of matrix i at (row, column), in the register of the lane that holds it.
struct Element {
  unsigned lane, shift;
};

Element holder(bool transposed, unsigned row, unsigned column) {
  if (transposed) std::swap(row, column);
  return {row * 4 + column / 2, column % 2 * 16};
}

template <class Use>
void each_element(void* const* lanes, const Use& use) {
  const Rows& first = *static_cast<const Rows*>(lanes[0]);
  for (unsigned i = 0; i < first.count; ++i) {
    for (unsigned row = 0; row < kRows; ++row) {
      unsigned char* const memory = static_cast<const Rows*>(lanes[i * kRows + row])->row;
      for (unsigned column = 0; column < kRows; ++column) {
        const Element element = holder(first.transposed, row, column);
        use(static_cast<const Rows*>(lanes[element.lane])->registers[i], element.shift,
            memory + column * sizeof(uint16_t));
      }
    }
  }
}

void load_rows(void* const* lanes, unsigned) {
  each_element(lanes, [](uint32_t& held, unsigned shift, const unsigned char* memory) {
    uint16_t bits;
    std::memcpy(&bits, memory, sizeof bits);
    held = (held & ~(0xffffu << shift)) | uint32_t{bits} << shift;
  });
}

void store_rows(void* const* lanes, unsigned) {
  each_element(lanes, [](uint32_t held, unsigned shift, unsigned char* memory) {
    const auto bits = static_cast<uint16_t>(held >> shift);
    std::memcpy(memory, &bits, sizeof bits);
  });
}

void move_rows(uint32_t* registers, unsigned count, bool transposed, uint32_t row, bool is_write,
               const Where& where) {
  Group& group = *Group::current();
  Rows rows = {registers, count, transposed, nullptr};
  if (group.self().number % kWarp < count * kRows) {
    rows.row = resolve(row, kRowBytes, kRowBytes, where);
    race::access(rows.row, kRowBytes, is_write, where);
  }
  group.block().warp_operation(kAll, &rows, is_write ? store_rows : load_rows, where);
}

struct Fragments {
  MatrixType type;
  float (&d)[4];
  const uint32_t (&a)[4];
  const uint32_t (&b)[2];
};

float half(MatrixType type, uint32_t bits, unsigned upper) {
  const uint32_t number = bits >> 16 * upper & 0xffffu;
  return type == MatrixType::kF16 ? from_f16(number) : from_bf16(number);
}

void multiply(void* const* lanes, unsigned) {
  constexpr unsigned kM = 16, kN = 8, kK = 16;
  float a[kM][kK] = {}, b[kK][kN] = {};
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    const Fragments& held = *static_cast<const Fragments*>(lanes[lane]);
    const unsigned group = lane / 4, quad = lane % 4;
    if (held.type == MatrixType::kTf32) {
      for (unsigned i = 0; i < 4; ++i) {
        a[group + 8 * (i % 2)][quad + 4 * (i / 2)] = from_tf32(held.a[i]);
      }
      for (unsigned i = 0; i < 2; ++i) b[quad + 4 * i][group] = from_tf32(held.b[i]);
      continue;
    }
    for (unsigned upper = 0; upper < 2; ++upper) {
      for (unsigned i = 0; i < 4; ++i) {
        a[group + 8 * (i % 2)][2 * quad + 8 * (i / 2) + upper] = half(held.type, held.a[i], upper);
      }
      for (unsigned i = 0; i < 2; ++i) {
        b[2 * quad + 8 * i + upper][group] = half(held.type, held.b[i], upper);
      }
    }
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    const Fragments& held = *static_cast<const Fragments*>(lanes[lane]);
    for (unsigned i = 0; i < 4; ++i) {
      float sum = held.d[i];
      for (unsigned k = 0; k < kK; ++k) {
        sum += a[lane / 4 + 8 * (i / 2)][k] * b[k][2 * (lane % 4) + i % 2];
      }
      held.d[i] = sum;
    }
  }
}

}  // namespace

void ldmatrix(uint32_t* registers, unsigned count, bool transposed, uint32_t row,
              const Where& where) {
  move_rows(registers, count, transposed, row, false, where);
}

void stmatrix(uint32_t row, const uint32_t* registers, unsigned count, bool transposed,
              const Where& where) {
  uint32_t copy[4];
  std::memcpy(copy, registers, count * sizeof *copy);
  move_rows(copy, count, transposed, row, true, where);
}

void mma(MatrixType type, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
         const Where& where) {
  Fragments fragments = {type, d, a, b};
  Group::current()->block().warp_operation(kAll, &fragments, multiply, where);
}

}  // namespace emulator
