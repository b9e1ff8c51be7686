// test_entries.cpp - what holds for every op of the table in entries.hpp: the table is complete,
// planning and recording leave outputs alone, a replay equals the direct call bit for bit, empty
// extents write nothing, and products of extents that wrap are refused.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/abi/entries.hpp"
#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

using Bytes = std::vector<uint8_t>;

class EveryEntry : public testing::Test {
 protected:
  // The outputs, one after the other.
  static Bytes outputs(const Entry& entry) {
    Bytes all;
    for (const auto& [name, pointer] : entry.pointers) {
      const auto* const data = static_cast<const uint8_t*>(pointer.data);
      if (pointer.is_output()) all.insert(all.end(), data, data + pointer.bytes);
    }
    return all;
  }
  // Before every run: outputs, which may be inputs too (Adam), back to one value.
  static Bytes reset(const Entry& entry) {
    for (const auto& [name, pointer] : entry.pointers) {
      if (pointer.is_output()) std::memset(pointer.data, 0, pointer.bytes);
    }
    return outputs(entry);
  }
  // Floats or bytes that differ from one another; whole numbers stay 0.
  static void fill_inputs(const Entry& entry) {
    static const std::set<std::string> kWhole = {
        "labels", "column_labels", "row_ids", "indices", "column_ids", "mask", "cursor", "turns"};
    for (const auto& [name, pointer] : entry.pointers) {
      if (pointer.is_output() || kWhole.contains(name)) continue;
      const size_t offset = name.size();
      auto* const bytes = static_cast<uint8_t*>(pointer.data);
      if (name == "images" || name == "rows") {
        for (size_t k = 0; k < pointer.bytes; ++k) bytes[k] = static_cast<uint8_t>(1 + k);
        continue;
      }
      for (size_t k = 0; k < pointer.bytes / sizeof(float); ++k) {
        const float value = 0.25f + static_cast<float>((7 * k + offset) % 11) / 8;
        std::memcpy(bytes + k * sizeof value, &value, sizeof value);
      }
    }
  }

  Entries entries_;
  Context context_{SSLCUDA_DEVICE_CPU};
};

TEST_F(EveryEntry, IsInTheTable) {
  std::ifstream file(SSLCUDA_HEADER);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string header = text.str();
  // Ops are the functions from "layers" on.
  const size_t ops = header.find("- layers -");
  ASSERT_NE(ops, std::string::npos);
  std::set<std::string> listed, declared;
  for (const Entry& entry : entries_.all()) listed.insert(entry.name);
  const std::regex function(R"(sslcuda_status\s+(sslcuda_\w+)\()");
  for (std::sregex_iterator match(header.begin() + ops, header.end(), function), end; match != end;
       ++match) {
    declared.insert((*match)[1]);
  }
  EXPECT_GE(declared.size(), 19u);
  for (const std::string& name : declared) EXPECT_TRUE(listed.contains(name)) << name;
}

TEST_F(EveryEntry, PlanningLooksAtNoMemory) {
  for (const Entry& entry : entries_.all()) {
    Entry wild = entry;
    uintptr_t address = 0;
    for (auto& [name, pointer] : wild.pointers) {
      pointer.data = reinterpret_cast<void*>(address += 4096);
    }
    EXPECT_EQ(context_.plan([&] { return wild.call(context_, wild); }), context_.plan([&] {
      return entry.call(context_, entry);
    })) << entry.name;
  }
}

TEST_F(EveryEntry, ReplayEqualsTheDirectCall) {
  for (const Entry& entry : entries_.all()) {
    SCOPED_TRACE(entry.name);
    fill_inputs(entry);
    const Bytes before = reset(entry);
    context_.must(entry.call(context_, entry));
    const Bytes direct = outputs(entry);
    EXPECT_NE(direct, before) << "wrote nothing";
    reset(entry);
    sslcuda_graph* graph = nullptr;
    context_.must(sslcuda_graph_begin(context_));
    context_.must(entry.call(context_, entry));
    context_.must(sslcuda_graph_end(context_, &graph));
    EXPECT_EQ(outputs(entry), before) << "recording wrote";
    for (int replay = 0; replay < 2; ++replay) {
      reset(entry);
      context_.must(sslcuda_graph_launch(context_, graph));
      EXPECT_EQ(outputs(entry), direct) << "replay " << replay;
    }
    context_.must(sslcuda_graph_destroy(context_, graph));
  }
}

// Extents of 0, where they are allowed: OK; without inputs there is nothing to write but the zeros
// of a sum over no rows, so buffers are only looked at behind what they declare.
TEST_F(EveryEntry, EmptyExtentsAreDone) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [name, value] : entry.extents) {
      if (entry.least.contains(name) || entry.strides.contains(name)) continue;
      Entry empty = entry;
      empty.extents[name] = 0;
      for (auto& [unused, pointer] : empty.pointers) {
        if (pointer.is_output()) std::memset(pointer.data, 0xc5, pointer.bytes);
      }
      const Bytes before = outputs(empty);
      EXPECT_EQ(empty.call(context_, empty), SSLCUDA_OK) << entry.name << ": " << name;
      if (name != "n" || entry.name.find("_backward") != std::string::npos) continue;
      EXPECT_EQ(outputs(empty), before) << entry.name << " wrote";
    }
  }
}

// 2^32 * 2^32 is 0 in 64 bits.
TEST_F(EveryEntry, ProductsThatWrapAreRefused) {
  constexpr int64_t kHuge = int64_t{1} << 32;
  for (const Entry& entry : entries_.all()) {
    for (const auto& [one, unused] : entry.extents) {
      for (const auto& [other, unused_too] : entry.extents) {
        if (one >= other || entry.strides.contains(one) || entry.strides.contains(other)) continue;
        const auto shapes_output = [](const std::string& name) {
          return name == "n" || name == "c" || name == "h" || name == "w" || name == "width" ||
                 name == "d" || name == "v" || name == "row_bytes" || name == "in" || name == "m";
        };
        if (!shapes_output(one) || !shapes_output(other)) continue;
        Entry spoilt = entry;
        spoilt.extents[one] = spoilt.extents[other] = kHuge;
        for (const auto& [stride, width] : entry.strides) spoilt.extents[stride] = kHuge;
        EXPECT_EQ(spoilt.call(context_, spoilt), SSLCUDA_SIZE_OVERFLOW)
            << entry.name << ": " << one << " and " << other;
      }
    }
  }
}

}  // namespace
}  // namespace sslcuda::test
