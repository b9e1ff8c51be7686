// The files of a run: SHA-256 of the data, metrics that are taken up again, checkpoints, and what
// the directory keeps and removes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/data/bytes.hpp"
#include "host/data/sha256.hpp"
#include "host/failure.hpp"
#include "host/train/checkpoint.hpp"
#include "host/train/file.hpp"
#include "host/train/metrics.hpp"
#include "host/train/run_directory.hpp"
#include "tests/trainer/damage.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sslcuda-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string read(const fs::path& path) {
    const std::vector<uint8_t> bytes = read_bytes(path);
    return {bytes.begin(), bytes.end()};
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  fs::path folder_;
};

std::string sha256_of(const std::string& text) {
  return sha256_hex({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// FIPS 180-4 examples; the lengths around 56 and 64 are where the padding takes another block.
// Those come from sha256sum.
TEST(Sha256, KnownValues) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_of(std::string(55, 'b')),
            "eb2c86e932179f4ba13fe8715a26124b77d6bad290b9b4c1cc140cf633300c19");
  EXPECT_EQ(sha256_of(std::string(56, 'b')),
            "a5fc6e203a4c2b657d0d153885932414b2ffc6a93f0f8bf8b3183315e5a7212c");
  EXPECT_EQ(sha256_of(std::string(63, 'b')),
            "94e419fabac7f930810f9636354042f8c1426d2f834d4ab65c93dc1e69326b13");
  EXPECT_EQ(sha256_of(std::string(64, 'b')),
            "a0fab1377f49a759b57f63318262ebe89fabfc990e8e93ceac2984561482b9d4");
  EXPECT_EQ(sha256_of(std::string(65, 'b')),
            "74b128f30cf83de43ddf4aafc40c7b50a7443d3c73a89a7cfca17e15e43d51ab");
  EXPECT_EQ(sha256_of(std::string(119, 'b')),
            "68297a9eb141ce16bbc0847da1c0c48e2858704feaa13993bde29f87a198a6e1");
  EXPECT_EQ(sha256_of(std::string(120, 'b')),
            "392add47fbaa8197a874ebe770a947a26dd6f2becce5f64688cc4d18c9da93bd");
  EXPECT_EQ(sha256_of(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_F(Files, AreWrittenUnderAllNamesOrStayAsTheyWere) {
  write_file({folder_ / "a", folder_ / "b"}, "first");
  write_file(folder_ / "a", "second");
  EXPECT_EQ(read(folder_ / "a"), "second");
  EXPECT_EQ(read(folder_ / "b"), "first");
  EXPECT_THROW(write_file(folder_ / "none" / "a", "x"), Failure);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2);
}

TEST_F(Files, MetricsGoOnAfterAStep) {
  const fs::path path = folder_ / "metrics.jsonl";
  {
    MetricsFile metrics(path, 0);
    metrics.loss(1, 1, 0.1f);
    metrics.loss(2, 1, 1e-30f);
    metrics.value(2, 1, "mean_loss", 0.1);
    metrics.loss(3, 2, 3.0f);
  }
  const std::string two =
      "{\"step\":1,\"epoch\":1,\"loss\":0.100000001}\n"
      "{\"step\":2,\"epoch\":1,\"loss\":1.00000000e-30}\n"
      "{\"step\":2,\"epoch\":1,\"mean_loss\":0.1}\n";
  { MetricsFile metrics(path, 2); }
  const Metrics metrics = read_metrics(path);
  EXPECT_EQ(metrics.steps, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(metrics.losses, (std::vector<float>{0.1f, 1e-30f}));
  EXPECT_EQ(metrics.epoch_losses, (std::vector<double>{0.1}));
  for (size_t cut = 1; cut < 20; ++cut) {  // the last line is cut short
    const std::string text = read(path);
    write(path, text.substr(0, text.size() - cut));
    { MetricsFile again(path, 99); }
    EXPECT_EQ(read_metrics(path).losses, metrics.losses);
    EXPECT_TRUE(read_metrics(path).epoch_losses.empty());
    write(path, text);
  }
  { MetricsFile fresh(path, 0); }
  EXPECT_EQ(read(path), "");
}

Checkpoint small_checkpoint() {
  TrainingState state;
  state.step = 7;
  state.epoch = 2;
  state.position = 128;
  state.epoch_steps = 2;
  state.epoch_loss_sum = 0.1 + 0.2;  // no short decimal fraction
  state.best_loss = 1.0 / 3;
  state.best_epoch = 1;
  return {{{"fc.weight", {2}, {1.5f, -2.0f}}, {"optimizer.fc.weight.moment", {2}, {3.0f, 4.0f}}},
          state,
          {{"program", "rotation"}, {"lr", 1e-3}}};
}

TEST_F(Files, CheckpointsComeBackWhole) {
  const fs::path path = folder_ / "c.safetensors";
  const Checkpoint expected = small_checkpoint();
  write_file(path, format_checkpoint(expected));
  const Checkpoint got = read_checkpoint(path);
  ASSERT_EQ(got.tensors.size(), 2u);
  EXPECT_EQ(got.tensors[1].values, expected.tensors[1].values);
  EXPECT_EQ(got.state.step, 7);
  EXPECT_EQ(got.state.epoch, 2);
  EXPECT_EQ(got.state.position, 128);
  EXPECT_EQ(got.state.epoch_steps, 2);
  EXPECT_EQ(got.state.epoch_loss_sum, expected.state.epoch_loss_sum);
  EXPECT_EQ(got.state.best_loss, expected.state.best_loss);
  EXPECT_EQ(got.state.best_epoch, 1);
  EXPECT_EQ(got.config, expected.config);
  EXPECT_EQ(format_checkpoint(got), format_checkpoint(expected));
  const std::vector<Tensor> weights = read_weights(path);
  ASSERT_EQ(weights.size(), 1u);
  EXPECT_EQ(weights[0].name, "fc.weight");
}

// Metadata is under the checksum as well: a bit turned in the state must not go unnoticed.
TEST(Checkpoints, DamageIsRefused) {
  const std::string text = format_checkpoint(small_checkpoint());
  size_t accepted = 0;
  for_each_bit_flip({text.begin(), text.end()}, [&](const Bytes& damaged, size_t bit) {
    try {
      EXPECT_EQ(format_checkpoint(parse_checkpoint("file", damaged)), text) << "bit " << bit;
      ++accepted;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Exit::kData);
    }
  });
  EXPECT_LT(accepted, 8 * 32u);  // spaces, and the name of the checksum
}

TEST_F(Files, TheNewestWholeCheckpointIsFound) {
  const fs::path run = folder_ / "run";
  RunDirectory directory(run, RunDirectory::Use::kNew);
  directory.create();
  EXPECT_FALSE(newest_checkpoint(directory));
  Checkpoint checkpoint = small_checkpoint();
  for (const int64_t epoch : {2, 10, 9}) {
    checkpoint.state.step = epoch;
    directory.write(RunDirectory::epoch_checkpoint(epoch), format_checkpoint(checkpoint));
  }
  for (const char* name : {"epoch-.safetensors", "epoch-1x.safetensors", "epoch--3.safetensors"}) {
    write(run / "checkpoints" / name, "of the user");
  }
  EXPECT_EQ(directory.epoch_checkpoints(), (std::vector<int64_t>{2, 9, 10}));
  EXPECT_EQ(newest_checkpoint(directory)->checkpoint.state.step, 10);
  write(directory.file(RunDirectory::kLast), "junk");
  write(directory.file(RunDirectory::epoch_checkpoint(10)), "junk");
  const auto found = newest_checkpoint(directory);
  EXPECT_EQ(found->checkpoint.state.step, 9);
  EXPECT_EQ(found->skipped.size(), 2u);
}

TEST_F(Files, SummariesAreMerged) {
  RunDirectory directory(folder_ / "run", RunDirectory::Use::kNew);
  directory.create();
  update_summary(directory, "eval", {{"knn", {{"backbone", 0.5}, {"projector", 0.25}}}});
  update_summary(directory, "eval", {{"linear", {{"backbone", 0.75}}}});
  update_summary(directory, "eval", {{"knn", {{"backbone", 0.625}}}});
  const Json expected = {
      {"eval",
       {{"knn", {{"backbone", 0.625}, {"projector", 0.25}}}, {"linear", {{"backbone", 0.75}}}}}};
  EXPECT_EQ(read_json(directory.file(RunDirectory::kSummary)), expected);
}

}  // namespace
}  // namespace host
