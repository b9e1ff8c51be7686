// test_gather.cpp - sslcuda_gather_images, sslcuda_gather_rows and sslcuda_counter_add.
#include "tests/ops/fixture.hpp"
#include "tests/reference/gather.hpp"

namespace sslcuda::test {
namespace {

using Bytes = std::vector<uint8_t>;
using Indices = std::vector<int64_t>;

class Gather : public OpTest {};

Bytes random_bytes(int64_t count, uint64_t seed) {
  std::mt19937_64 generator(seed);
  Bytes bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator());
  return bytes;
}

// A batch of n rows from a set of `count`; no indices means all rows in order, no cursor 0.
struct Batch {
  int64_t n, width, count;
  Indices indices;
  std::optional<int64_t> cursor;
  bool captured = false;
};

// Runs the call in a graph, where the contents of indices are not looked at.
template <class Call>
void run_captured(const Context& context, const Call& call) {
  sslcuda_graph* graph = nullptr;
  context.must(sslcuda_graph_begin(context));
  context.must(call());
  context.must(sslcuda_graph_end(context, &graph));
  context.must(sslcuda_graph_launch(context, graph));
  context.must(sslcuda_graph_destroy(context, graph));
}

// Runs the call with the batch's indices and cursor on the device.
template <class Call>
void with_source(const Context& context, const Batch& b, const Call& call) {
  const Buffer<int64_t> indices(context, b.indices), cursor(context, {b.cursor.value_or(0)});
  const auto queue = [&] {
    return call(if_wanted(!b.indices.empty(), indices), static_cast<int64_t>(b.indices.size()),
                if_wanted(b.cursor.has_value(), cursor));
  };
  b.captured ? run_captured(context, queue) : context.run(queue);
}

Bytes gather_rows(const Context& context, const Batch& b, const Bytes& rows) {
  const Buffer<uint8_t> drows(context, rows), y(context, b.n * b.width);
  with_source(context, b, [&](const int64_t* indices, int64_t length, const int64_t* cursor) {
    return sslcuda_gather_rows(context, b.n, b.width, drows, b.count, indices, length, cursor, y);
  });
  return y.download();
}

Floats gather_images(const Context& context, const Batch& b, const Bytes& images, float mean,
                     float std) {
  const Buffer<uint8_t> dimages(context, images);
  const Buffer<float> y(context, b.n * b.width);
  with_source(context, b, [&](const int64_t* indices, int64_t length, const int64_t* cursor) {
    return sslcuda_gather_images(context, SSLCUDA_F32, b.n, b.width, dimages, b.count, indices,
                                 length, cursor, mean, std, y);
  });
  return y.download();
}

const std::vector<Batch>& batches() {
  static const std::vector<Batch> list{{1, 1, 1, {}, {}},
                                       {7, 3, 5, {}, {}},
                                       {7, 33, 5, {4, 0, 4, 2}, {}},
                                       {33, 65, 9, {8, 1, 5}, 2},
                                       {64, 784, 65, {}, 63},
                                       {3, 31, 4, {3, 1, 0}, INT64_MAX},
                                       {129, 2, 7, {}, int64_t{1} << 40},
                                       {5, 257, 127, {126, 0, 64, 1, 2}, 0}};
  return list;
}

TEST_P(Gather, RowsAreCopied) {
  for (const Batch& b : batches()) {
    const Bytes rows = random_bytes(b.count * b.width, 1);
    Bytes expected;
    const int64_t length = b.indices.empty() ? b.count : static_cast<int64_t>(b.indices.size());
    for (const int64_t row :
         reference::gathered_rows(b.n, b.count, b.indices, b.cursor.value_or(0) % length)) {
      expected.insert(expected.end(), &rows[row * b.width], &rows[row * b.width] + b.width);
    }
    EXPECT_EQ(gather_rows(context(), b, rows), expected) << b.n << " x " << b.width;
  }
}

TEST_P(Gather, ImagesAreNormalised) {
  for (const Batch& b : batches()) {
    const Bytes images = random_bytes(b.count * b.width, 1);
    const int64_t length = b.indices.empty() ? b.count : static_cast<int64_t>(b.indices.size());
    for (const auto& [mean, std] : {std::pair{0.0f, 1.0f}, {0.5f, 0.5f}, {0.1307f, -0.3081f}}) {
      Vector expected;
      for (const int64_t row :
           reference::gathered_rows(b.n, b.count, b.indices, b.cursor.value_or(0) % length)) {
        for (int64_t k = 0; k < b.width; ++k) {
          expected.push_back(reference::pixel(images[row * b.width + k], mean, std));
        }
      }
      expect_within("y", gather_images(context(), b, images, mean, std), expected,
                    4 * kU * (1 + std::fabs(mean)) / std::fabs(std));
    }
  }
}

TEST_P(Gather, BadIndices) {
  const Bytes rows = random_bytes(5 * 3, 1);
  for (const int64_t index : {int64_t{-1}, int64_t{5}, INT64_MAX, INT64_MIN}) {
    Batch b{3, 3, 5, {2, index, 4}, {}};
    if (on_cpu()) {
      const std::string bad = "indices[1] must be in 0..4, got " + std::to_string(index);
      for (const bool images : {false, true}) {
        try {
          if (images)
            gather_images(context(), b, rows, 0, 1);
          else
            gather_rows(context(), b, rows);
          ADD_FAILURE() << "index " << index << " taken";
        } catch (const std::runtime_error& error) {
          EXPECT_NE(std::string(error.what()).find("SSLCUDA_INVALID_VALUE"), std::string::npos);
          EXPECT_NE(std::string(error.what()).find(bad), std::string::npos) << error.what();
        }
      }
    }
    for (const bool captured : {true, on_cpu()}) {  // directly on CUDA
      b.captured = captured;
      const Bytes copied = gather_rows(context(), b, rows);
      EXPECT_EQ(Bytes(copied.begin(), copied.begin() + 3), Bytes(&rows[6], &rows[9]));
      EXPECT_EQ(Bytes(copied.begin() + 3, copied.begin() + 6), Bytes(3, 0xff));
      EXPECT_EQ(Bytes(copied.begin() + 6, copied.end()), Bytes(&rows[12], &rows[12] + 3));
      const Floats images = gather_images(context(), b, rows, 0, 1);
      for (int64_t k = 0; k < 9; ++k) EXPECT_EQ(std::isnan(images[k]), k / 3 == 1) << k;
    }
  }
}

// Rows of 32 bytes may be copied in larger pieces, wherever they begin; a bad index gives 0xff.
TEST_P(Gather, WideRowsAtAnyAddress) {
  constexpr int64_t kWidth = 32, kLargestOffset = 16;
  const Bytes rows = random_bytes(3 * kWidth, 1);
  const Buffer<int64_t> indices(context(), {2, 3, 0});
  for (const int64_t from : {0, 1, 8, 16}) {
    for (const int64_t to : {0, 1, 8, 16}) {
      Bytes placed(kLargestOffset + 3 * kWidth);
      std::copy(rows.begin(), rows.end(), placed.begin() + from);
      const Buffer<uint8_t> drows(context(), placed), y(context(), kLargestOffset + 3 * kWidth);
      run_captured(context(), [&] {
        return sslcuda_gather_rows(context(), 3, kWidth, drows + from, 3, indices, 3, nullptr,
                                   y + to);
      });
      Bytes expected(&rows[2 * kWidth], &rows[2 * kWidth] + kWidth);
      expected.insert(expected.end(), kWidth, 0xff);
      expected.insert(expected.end(), rows.begin(), rows.begin() + kWidth);
      const Bytes all = y.download();
      EXPECT_EQ(Bytes(all.begin() + to, all.begin() + to + 3 * kWidth), expected)
          << from << " to " << to;
    }
  }
}

TEST_P(Gather, NegativeCursor) {
  const Bytes rows = random_bytes(5, 1);
  const Batch b{2, 1, 5, {}, -1, true};
  EXPECT_EQ(gather_rows(context(), b, rows), Bytes(2, 0xff));
}

TEST_P(Gather, Empty) {
  EXPECT_TRUE(gather_rows(context(), {0, 3, 1, {}, {}}, Bytes(3)).empty());
  EXPECT_TRUE(gather_rows(context(), {3, 0, 1, {}, {}}, {}).empty());
  EXPECT_TRUE(gather_images(context(), {0, 3, 1, {}, {}}, Bytes(3), 0, 1).empty());
}

// The cursor moves with the graph: one capture walks through the set and starts over.
TEST_P(Gather, GraphWalksThroughTheSet) {
  const Indices order{3, 1, 4, 0, 2};
  const Bytes rows{10, 11, 12, 13, 14};
  const Buffer<uint8_t> drows(context(), rows), y(context(), 2);
  const Buffer<int64_t> indices(context(), order), cursor(context(), {0});
  sslcuda_graph* graph = nullptr;
  context().must(sslcuda_graph_begin(context()));
  context().must(sslcuda_gather_rows(context(), 2, 1, drows, 5, indices, 5, cursor, y));
  context().must(sslcuda_counter_add(context(), cursor, 2));
  context().must(sslcuda_graph_end(context(), &graph));
  EXPECT_TRUE(y.untouched());
  for (int64_t step = 0; step < 7; ++step) {
    context().must(sslcuda_graph_launch(context(), graph));
    const Bytes expected{rows[order[2 * step % 5]], rows[order[(2 * step + 1) % 5]]};
    EXPECT_EQ(y.download(), expected) << step;
  }
  EXPECT_EQ(cursor.download(), Indices{14});
  context().must(sslcuda_counter_add(context(), cursor, -20));
  EXPECT_EQ(cursor.download(), Indices{-6});
}

TEST_P(Gather, CountersHave64Bits) {
  const Buffer<int64_t> counter(context(), {int64_t{INT32_MAX}});
  context().must(sslcuda_counter_add(context(), counter, 1));
  context().must(sslcuda_counter_add(context(), counter, int64_t{1} << 40));
  EXPECT_EQ(counter.download(), Indices{(int64_t{1} << 31) + (int64_t{1} << 40)});
}

TEST_P(Gather, IsRepeatable) {
  const Batch b{129, 784, 65, {}, 3};
  const Bytes images = random_bytes(b.count * b.width, 1);
  expect_repeatable([&](const Context& c) { return gather_images(c, b, images, 0.5f, 0.5f); });
  expect_repeatable([&](const Context& c) { return gather_rows(c, b, images); });
}

INSTANTIATE_TEST_SUITE_P(, Gather, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
