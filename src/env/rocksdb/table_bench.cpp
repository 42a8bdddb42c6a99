// What a table's calls cost on the loop, with a million rows: in memory, and from a file system
// whose pages are cached.
#include "env/rocksdb/table.h"

#include "env/rocksdb/loop_test.h"

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <fmt/format.h>

#include <filesystem>
#include <random>

namespace holdfast::env::rocksdb {
namespace {

constexpr int row_count = 1'000'000;
constexpr std::size_t value_bytes = 48;
constexpr Family names = 0;
constexpr Family chunks = 1;

// A table of a million rows in both families, flushed.
class Filled {
 public:
  explicit Filled(std::size_t cache_bytes) {
    std::string pattern = "/tmp/table_bench_XXXXXX";
    root_ = mkdtemp(pattern.data());
    Options options{.root = root_,
                    .folder = "table",
                    .key = {},
                    .families = {{.name = "names"}, {.name = "chunks", .point_lookups = true}},
                    .cache_bytes = cache_bytes};
    table_ = run(open_table(options)).value();
    for (int n = 0; n < row_count;) {
      Batch batch;
      for (int i = 0; i < 1000; ++i, ++n) {
        batch.put(names, name(n), std::string(value_bytes, 'n'));
        batch.put(chunks, chunk(n), std::string(value_bytes, 'c'));
      }
      run(table_->apply(std::move(batch))).value();
    }
    run(table_->flush()).value();
  }
  Filled(const Filled&) = delete;
  Filled& operator=(const Filled&) = delete;
  ~Filled() {
    table_.reset();
    std::filesystem::remove_all(root_);
  }

  static std::string name(int n) { return fmt::format("parent00folder/object-{:08}", n); }
  // Spread like a hash, 32 bytes.
  static std::string chunk(int n) {
    std::mt19937_64 random(static_cast<std::uint64_t>(n));
    std::string key(32, '\0');
    for (std::size_t at = 0; at < key.size(); at += 8) {
      const std::uint64_t word = random();
      std::memcpy(key.data() + at, &word, sizeof word);
    }
    return key;
  }

  Table& table() { return *table_; }

 private:
  std::string root_;
  std::unique_ptr<Table> table_;
};

Filled& in_memory() {
  static Filled filled(512 * mib);
  return filled;
}
Filled& mostly_on_disk() {
  static Filled filled(8 * mib);
  return filled;
}

Task<int> get_many_times(Table& table, benchmark::State& state, int first) {
  std::minstd_rand random(1);
  for (auto _ : state) {
    state.PauseTiming();
    std::string key = Filled::chunk(first + static_cast<int>(random() % row_count));
    state.ResumeTiming();
    benchmark::DoNotOptimize(co_await table.get(chunks, std::move(key)));
  }
  co_return 0;
}

Task<int> get_one_many_times(Table& table, benchmark::State& state, std::string key) {
  for (auto _ : state) benchmark::DoNotOptimize(co_await table.get(chunks, key));
  co_return 0;
}

Task<int> get_batches(Table& table, benchmark::State& state, int first) {
  std::minstd_rand random(1);
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::string> keys;
    for (int i = 0; i < 64; ++i) {
      keys.push_back(Filled::chunk(first + static_cast<int>(random() % row_count)));
    }
    state.ResumeTiming();
    benchmark::DoNotOptimize(co_await table.get_many(chunks, std::move(keys)));
  }
  co_return 0;
}

Task<int> apply_two(Table& table, benchmark::State& state) {
  int n = 0;
  for (auto _ : state) {
    Batch batch;
    batch.put(names, Filled::name(n % row_count), std::string(value_bytes, 'x'));
    batch.put(names, "position", std::string(8, 'x'));
    n += 7919;
    benchmark::DoNotOptimize(co_await table.apply(std::move(batch)));
  }
  co_return 0;
}

Task<int> scan_rows(Table& table, benchmark::State& state) {
  std::minstd_rand random(1);
  const auto rows_max = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    std::size_t rows = 0;
    std::size_t size = 0;
    const Visitor visitor = [&](std::string_view key, std::string_view value) {
      size += key.size() + value.size();
      return ++rows < rows_max ? Visit::next() : Visit::stop();
    };
    ScanRange range{.family = names,
                    .from = Filled::name(static_cast<int>(random() % (row_count - 1000)))};
    benchmark::DoNotOptimize(co_await table.scan(std::move(range), visitor));
    benchmark::DoNotOptimize(size);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  co_return 0;
}

void get_hit_in_memory(benchmark::State& state) {
  run(get_one_many_times(in_memory().table(), state, Filled::chunk(17)));
}
void get_any_in_memory(benchmark::State& state) {
  run(get_many_times(in_memory().table(), state, 0));
}
void get_any_on_disk(benchmark::State& state) {
  run(get_many_times(mostly_on_disk().table(), state, 0));
}
void get_absent(benchmark::State& state) {
  run(get_one_many_times(in_memory().table(), state, Filled::chunk(row_count + 17)));
}
void get_64_in_memory(benchmark::State& state) {
  run(get_batches(in_memory().table(), state, 0));
}
void get_64_absent(benchmark::State& state) {
  run(get_batches(in_memory().table(), state, row_count));
}
void apply_two_rows(benchmark::State& state) {
  run(apply_two(in_memory().table(), state));
}
void scan_in_memory(benchmark::State& state) {
  run(scan_rows(in_memory().table(), state));
}
void scan_on_disk(benchmark::State& state) {
  run(scan_rows(mostly_on_disk().table(), state));
}

BENCHMARK(get_hit_in_memory);
BENCHMARK(get_any_in_memory);
BENCHMARK(get_any_on_disk)->UseRealTime();
BENCHMARK(get_absent);
BENCHMARK(get_64_in_memory);
BENCHMARK(get_64_absent);
BENCHMARK(scan_in_memory)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(scan_on_disk)->Arg(1)->Arg(1000)->UseRealTime();
BENCHMARK(apply_two_rows);

}  // namespace
}  // namespace holdfast::env::rocksdb
