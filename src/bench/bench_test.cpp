#include "base/hex.h"
#include "bench/histogram.h"
#include "bench/limits.h"
#include "bench/payload.h"
#include "bench/process.h"
#include "bench/report.h"
#include "codec/compress.h"
#include "env/linux/clock.h"
#include "env/linux/random.h"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <set>

namespace holdfast::bench {
namespace {

Bytes read(const Payload& payload, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  payload.read(offset, bytes);
  return bytes;
}

TEST(Payload, IsTheSameHoweverItIsCut) {
  const Payload payload(42, 0.5);
  const Bytes whole = read(payload, 0, 10'000);
  for (const std::size_t at : {1U, 255U, 256U, 257U, 4'099U}) {
    const Bytes rest = read(payload, at, whole.size() - at);
    EXPECT_TRUE(std::ranges::equal(rest, ByteView(whole).subspan(at))) << "from " << at;
  }
  EXPECT_TRUE(payload.holds(0, whole));
  Bytes wrong = whole;
  wrong.back() ^= std::byte{1};
  EXPECT_FALSE(payload.holds(0, wrong));
}

TEST(Payload, RepeatsNeitherWithinNorAcrossSeeds) {
  std::set<std::string> seen;
  constexpr std::size_t piece = 4 * kib;
  for (std::uint64_t number = 0; number < 8; ++number) {
    const Bytes bytes = read(Payload(mix_seed(7, number), 1), 0, 256 * piece);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      EXPECT_TRUE(seen.emplace(as_text(ByteView(bytes).subspan(at, piece))).second);
    }
  }
}

TEST(Payload, ShrinksByTheShareAskedFor) {
  const codec::Compressor compressor;
  for (const double share : {0.25, 0.5, 0.75}) {
    const Bytes plain = read(Payload(1, share), 0, 128 * kib);
    Bytes into(plain.size());
    const auto size = compressor.compress(plain, into);
    ASSERT_TRUE(size.has_value());
    const double saved = 1 - static_cast<double>(*size) / static_cast<double>(plain.size());
    EXPECT_NEAR(saved, share, 0.06);
  }
  const Bytes noise = read(Payload(1, 0), 0, 128 * kib);
  EXPECT_FALSE(compressor.looks_compressible(noise));
}

TEST(Histogram, FindsQuantilesToWithinTwoPercent) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), Duration::zero());
  for (int i = 1; i <= 100'000; ++i) histogram.add(std::chrono::microseconds(i));
  const auto micros = [&](double quantile) {
    return std::chrono::duration<double, std::micro>(histogram.quantile(quantile)).count();
  };
  EXPECT_NEAR(micros(0.5), 50'000, 1'000);
  EXPECT_NEAR(micros(0.99), 99'000, 2'000);
  EXPECT_EQ(histogram.quantile(1), histogram.max());
  EXPECT_EQ(histogram.max(), std::chrono::milliseconds(100));
}

TEST(Histogram, TakesAnyDuration) {
  Histogram histogram;
  histogram.add(Duration(-5));
  histogram.add(Duration(63));
  EXPECT_EQ(histogram.quantile(0.5), Duration::zero());
  EXPECT_EQ(histogram.quantile(1), Duration(63));
  Histogram other;
  other.add(Duration::max());
  histogram.add(other);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_GT(histogram.max(), std::chrono::hours(72));
  EXPECT_EQ(histogram.quantile(1), histogram.max());
}

TEST(Process, TellsWhatThisOneUsesAndThatNoneIsThere) {
  const double before = use_of_this_process().seconds;
  Bytes work(16 * mib);
  for (int i = 0; i < 4; ++i) Payload(1, 0).read(0, work);
  const ProcessUse after = use_of_this_process();
  EXPECT_GT(after.seconds, before);
  EXPECT_GE(after.peak_bytes, 16 * mib);
  EXPECT_GE(after.peak_bytes, after.bytes);
  const auto seen = use_of_process(static_cast<std::uint64_t>(::getpid()));
  ASSERT_TRUE(seen.has_value());
  EXPECT_NEAR(seen->seconds, after.seconds, 0.5);
  EXPECT_EQ(use_of_process(4'194'305).error().code(), ErrorCode::not_found);  // Above pid_max.
}

TEST(Limits, AreAllMeasured) {
  boost::asio::io_context loop;
  const auto clock = env::linux::Clock::open(loop.get_executor()).value();
  env::linux::Random random;
  const std::filesystem::path folder = testing::TempDir();
  const Limits limits = measure_limits(*clock, random, folder, 0.5).value();
  for (const double limit : {limits.copy, limits.gear, limits.blake3, limits.md5, limits.sha256,
                             limits.seal, limits.open, limits.zstd, limits.unzstd, limits.exchange,
                             limits.disk_write, limits.fdatasync}) {
    EXPECT_GT(limit, 0);
  }
  EXPECT_EQ(measure_limits(*clock, random, folder / "nowhere", 0).error().code(), ErrorCode::io);
}

Limits simple_limits() {
  return {.copy = 0.1,
          .gear = 0.2,
          .blake3 = 0.3,
          .md5 = 1.5,
          .sha256 = 0.5,
          .seal = 0.25,
          .open = 0.3,
          .exchange = 0,
          .disk_write = 2e9,
          .fdatasync = 100};
}

TEST(Report, SetsWritesBesideTheirChain) {
  Measurement measurement{.operation = Operation::put, .size = 1'000'000, .seconds = 2};
  measurement.all.count = 1000;
  measurement.all.bytes = 1'000'000'000;
  measurement.server_seconds = 4;
  LoadOptions options;
  Figures figures = figures_of(measurement, options, simple_limits());
  EXPECT_DOUBLE_EQ(figures.chain_seconds, 0.2 + 1.5 + 0.6 + 0.25 + 0.1);
  EXPECT_DOUBLE_EQ(figures.cpu_of_chain.value(), figures.chain_seconds / 4);
  EXPECT_DOUBLE_EQ(figures.rate_of_chain, figures.chain_seconds / 2);
  EXPECT_DOUBLE_EQ(figures.rate_of_disk.value(), 0.25);
  EXPECT_DOUBLE_EQ(figures.rate_of_syncs.value(), 5);
  EXPECT_DOUBLE_EQ(figures.server_seconds_per_gigabyte.value(), 4);
  EXPECT_DOUBLE_EQ(figures.server_seconds_per_thousand.value(), 4);
  options.protection = Protection::hash;
  EXPECT_DOUBLE_EQ(figures_of(measurement, options, simple_limits()).chain_seconds,
                   figures.chain_seconds + 0.5);
}

TEST(Report, ShowsErrorsAndNoSecrets) {
  Report report;
  report.options.target = {.endpoint = "http://127.0.0.1:1",
                           .credentials = {.access_key = "who", .secret_key = "hush"},
                           .bucket = "b"};
  Measurement measurement{.operation = Operation::get, .size = kib, .seconds = 1};
  measurement.all.errors["503 SlowDown"] = 3;
  report.measurements.push_back(measurement);
  report.limits = simple_limits();
  for (const std::string& text : {to_table(report), to_json(report)}) {
    EXPECT_TRUE(text.contains("503 SlowDown")) << text;
    EXPECT_FALSE(text.contains("hush"));
  }
}

TEST(Sizes, AreReadAsTheyAreWritten) {
  EXPECT_EQ(parse_size("0").value(), 0U);
  EXPECT_EQ(parse_size("1000").value(), 1000U);
  EXPECT_EQ(parse_size("4KiB").value(), 4 * kib);
  EXPECT_EQ(parse_size("64M").value(), 64 * mib);
  for (const auto* text : {"", "KiB", "-1", "1.5MiB", "1XB", "99999999999GiB"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
  EXPECT_EQ(format_size(64 * mib), "64MiB");
  EXPECT_EQ(format_size(1000), "1000B");
}

}  // namespace
}  // namespace holdfast::bench
