// The engine from stream to disk and back, beside the chain of steps that it cannot do without,
// each measured alone in the same run. Figures are processor seconds of the whole process for each
// 10^9 bytes, and `of_chain` is the chain's cost divided by the engine's: 1 would be no overhead at
// all. Files lie in TEST_TMPDIR, or where temporary files go.
#include "codec/aead.h"
#include "codec/blake3.h"
#include "codec/chunker.h"
#include "codec/compress.h"
#include "codec/merkle.h"
#include "env/linux/clock.h"
#include "env/linux/disk.h"
#include "env/linux/random.h"
#include "env/linux/support_test.h"
#include "env/linux/workers.h"
#include "env/rocksdb/table.h"
#include "sim/random.h"
#include "slot/local_slot.h"
#include "vault/families.h"
#include "vault/local_vault.h"
#include "vault/memory_log_test.h"

#include <benchmark/benchmark.h>
#include <zstd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace holdfast::vault {
namespace {

constexpr std::size_t object_bytes = 64 * mib;
constexpr std::size_t stream_bytes = 512 * mib;
constexpr std::size_t write_bytes = mib;
constexpr std::size_t chunk_bytes = 128 * kib;
constexpr std::size_t sealed_chunk_bytes = chunk_bytes + codec::aead_tag_bytes;
constexpr int read_passes = 4;  // Over far more than the cache holds.
constexpr double gigabyte = 1e9;

using env::linux::processor_seconds;

void fill_noise(MutableByteView bytes, std::uint64_t seed) {
  sim::Random random(seed);
  random.fill(bytes);
}

// This program itself, over and over, with 8 bytes of noise in each 512, so that no chunk comes
// twice. Shrinks to about 40 %.
void fill_compressible(MutableByteView bytes, std::uint64_t seed) {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::string program{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t at = 0; at < bytes.size(); at += program.size()) {
    std::memcpy(&bytes[at], program.data(), std::min(program.size(), bytes.size() - at));
  }
  sim::Random random(seed);
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 512) random.fill(bytes.subspan(at, 8));
}

// Seconds a gigabyte of each step alone, over chunks of the default size.
struct Chain {
  double gear, blake3, gcm, open, copy, zstd, unzstd;
};

template <class Work>
double cost_of(ByteView bytes, Work work) {
  const double before = processor_seconds();
  for (std::size_t at = 0; at + chunk_bytes <= bytes.size(); at += chunk_bytes) {
    work(bytes.subspan(at, chunk_bytes));
  }
  return (processor_seconds() - before) / static_cast<double>(bytes.size()) * gigabyte;
}

Chain measure_chain(ByteView bytes) {
  const codec::SecretKey key = codec::SecretKey::from(Bytes(32, std::byte{7}));
  const codec::GearTable gear(key);
  codec::Chunker chunker(gear);
  codec::Aead aead(key);
  const codec::Compressor compressor;
  Bytes out(256 * kib);
  AlignedBuffer copy(segment_bytes_max);
  std::memset(copy.data(), 1, copy.size());
  Bytes compressed(256 * kib);
  Chain chain{};
  chain.gear = cost_of(bytes, [&](ByteView chunk) {
    while (!chunk.empty()) chunk = chunk.subspan(chunker.next(chunk).value_or(chunk.size()));
  });
  chain.blake3 = cost_of(
      bytes, [&](ByteView chunk) { benchmark::DoNotOptimize(codec::chunk_id(key, chunk)); });
  // Sealed into memory as large as the stream, and opened from there: a disk's bytes do not come
  // from a processor's cache either.
  AlignedBuffer sealed(bytes.size() / chunk_bytes * sealed_chunk_bytes);
  std::memset(sealed.data(), 1, sealed.size());
  std::size_t at = 0;
  chain.gcm = cost_of(bytes, [&](ByteView chunk) {
    aead.seal({}, {}, chunk, sealed.view().subspan(at, sealed_chunk_bytes));
    at += sealed_chunk_bytes;
  });
  at = 0;
  chain.open = cost_of(bytes, [&](ByteView chunk) {
    const bool is_whole = aead.open({}, {}, sealed.view().subspan(at, sealed_chunk_bytes),
                                    MutableByteView(out).first(chunk.size()))
                              .has_value();
    benchmark::DoNotOptimize(is_whole);
    at += sealed_chunk_bytes;
  });
  at = 0;
  chain.copy = cost_of(bytes, [&](ByteView chunk) {
    std::memcpy(copy.data() + at, chunk.data(), chunk.size());
    at = (at + chunk.size()) % copy.size();
  });
  // At level 1, whatever the vault uses, after one chunk for a context that is set up.
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     &ZSTD_freeCCtx);
  const auto compress_plainly = [&](ByteView chunk) {
    benchmark::DoNotOptimize(ZSTD_compressCCtx(context.get(), compressed.data(), compressed.size(),
                                               chunk.data(), chunk.size(), 1));
  };
  compress_plainly(bytes.first(chunk_bytes));
  chain.zstd = cost_of(bytes, compress_plainly);
  const ByteView last = bytes.subspan(bytes.size() - chunk_bytes);
  std::size_t compressed_size = compressor.compress(last, compressed).value_or(0);
  if (compressed_size > 0) {
    chain.unzstd = cost_of(bytes, [&](ByteView chunk) {
      const bool is_whole = compressor
                                .decompress(ByteView(compressed).first(compressed_size),
                                            MutableByteView(out).first(chunk.size()))
                                .has_value();
      benchmark::DoNotOptimize(is_whole);
    });
  }
  return chain;
}

struct Engine {
  Engine() { run(open()); }
  // An exception ends the benchmark. NOLINTNEXTLINE(bugprone-exception-escape)
  ~Engine() {
    run(close());
    vault.reset();
    slot.reset();
    disk.reset();
  }

  void run(Task<void> task) { loop.run(std::move(task)); }

  Task<void> open() {
    disk = env::linux::Disk::open(loop.executor(), folder.path()).value();
    slot = (co_await slot::LocalSlot::create(*disk, "slot", random)).value();
    auto families = vault_families();
    families.push_back({.name = "names"});
    auto table = co_await env::rocksdb::open_table(
        {.root = folder.path(), .folder = "table", .families = std::move(families)});
    vault = (co_await LocalVault::open({.executor = loop.executor(),
                                        .slot = *slot,
                                        .keys = keys,
                                        .clock = *clock,
                                        .random = random,
                                        .workers = workers,
                                        .log = std::make_unique<MemoryLog>(log, *clock),
                                        .table = std::move(table).value()}))
                .value();
  }
  Task<void> close() {
    co_await vault->close();
    co_await slot->close();
  }

  env::linux::TestLoop loop;
  env::linux::TestFolder folder;
  env::linux::Random random;
  std::unique_ptr<env::linux::Clock> clock = env::linux::Clock::open(loop.executor()).value();
  env::linux::Workers workers{loop.executor()};
  KeyRing keys = KeyRing::draw(random);
  std::unique_ptr<env::linux::Disk> disk;
  std::unique_ptr<slot::LocalSlot> slot;
  MemoryLogStore log;
  std::unique_ptr<LocalVault> vault;
};

Task<void> write_objects(Engine& engine, ByteView bytes, std::vector<std::vector<Extent>>* made) {
  for (; !bytes.empty(); bytes = bytes.subspan(object_bytes)) {
    const auto writer = (co_await engine.vault->open_writer(0)).value();
    for (std::size_t at = 0; at < object_bytes; at += write_bytes) {
      (co_await writer->write(bytes.subspan(at, write_bytes))).value();
    }
    const Content content = (co_await writer->finish()).value();
    Record record;
    record.attach(content);
    record.put(first_catalog_family, std::to_string(engine.random.draw_number()), "object");
    (void)(co_await engine.vault->commit(std::move(record))).value();
    if (made != nullptr) made->push_back(content.extents);
  }
}

Task<void> read_objects(Engine& engine, const std::vector<std::vector<Extent>>& objects) {
  for (const auto& extents : objects) {
    const auto reader = engine.vault->open_reader(extents, 0, object_bytes, "object");
    while (!(co_await reader->read()).value().empty()) {
    }
  }
}

template <class Fill>
AlignedBuffer filled(Fill fill) {
  AlignedBuffer bytes(stream_bytes);
  fill(bytes.view(), 1);
  return bytes;
}

void report(benchmark::State& state, double spent, double bytes, double chain) {
  const double cost = spent / bytes * gigabyte;
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["cpu_s_per_GB"] = cost;
  state.counters["chain_s_per_GB"] = chain;
  state.counters["of_chain"] = chain / cost;
}

enum class What { fresh, known, read };

void measure(benchmark::State& state, bool is_compressible, What what) {
  const AlignedBuffer bytes = filled(is_compressible ? fill_compressible : fill_noise);
  const Chain chain = measure_chain(bytes.view().first(128 * mib));
  const double named = chain.gear + chain.blake3;
  const double zstd = is_compressible ? chain.zstd : 0;
  const double unzstd = is_compressible ? chain.unzstd : 0;
  double spent = 0;
  double done = 0;
  for (auto iteration : state) {
    state.PauseTiming();
    auto engine = std::make_unique<Engine>();
    std::vector<std::vector<Extent>> objects;
    if (what != What::fresh) engine->run(write_objects(*engine, bytes.view(), &objects));
    const double before = processor_seconds();
    state.ResumeTiming();
    const int passes = what == What::read ? read_passes : 1;
    for (int pass = 0; pass < passes; ++pass) {
      engine->run(what == What::read ? read_objects(*engine, objects)
                                     : write_objects(*engine, bytes.view(), nullptr));
    }
    state.PauseTiming();
    spent += processor_seconds() - before;
    done += static_cast<double>(stream_bytes) * passes;
    engine.reset();
    state.ResumeTiming();
  }
  switch (what) {
    case What::fresh:
      return report(state, spent, done, named + chain.blake3 + chain.gcm + zstd + chain.copy);
    case What::known:
      return report(state, spent, done, named);
    case What::read:
      return report(state, spent, done, chain.open + chain.copy + unzstd);
  }
}

BENCHMARK_CAPTURE(measure, write_new_incompressible, false, What::fresh)
    ->Iterations(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(measure, write_new_compressible, true, What::fresh)->Iterations(2)->UseRealTime();
BENCHMARK_CAPTURE(measure, write_known, false, What::known)->Iterations(2)->UseRealTime();
BENCHMARK_CAPTURE(measure, read_incompressible, false, What::read)->Iterations(2)->UseRealTime();
BENCHMARK_CAPTURE(measure, read_compressible, true, What::read)->Iterations(2)->UseRealTime();

}  // namespace
}  // namespace holdfast::vault
