// What a range's log makes of one disk: records of 1 KiB a second from writers that each wait for
// theirs, beside what the bare disk does one sync after the other. Files lie in TEST_TMPDIR, or
// where temporary files go.
#include "env/linux/clock.h"
#include "env/linux/disk.h"
#include "env/linux/random.h"
#include "env/linux/support_test.h"
#include "slot/local_slot.h"
#include "vault/range_log.h"
#include "vault/steady_coordination_test.h"

#include <benchmark/benchmark.h>
#include <boost/asio/this_coro.hpp>

#include <cstring>

namespace holdfast::vault {
namespace {

constexpr std::size_t record_bytes = 1 * kib;
constexpr std::uint64_t records_until_truncation = 50'000;

class Bench {
 public:
  void run(Task<void> task) { loop_.run(std::move(task)); }

  Task<void> open() {
    slot_ = (co_await slot::LocalSlot::create(*disk_, "slot", random_)).value();
    log_ = (co_await RangeLog::take_over(coordination_, {slot_.get()}, keys_, *clock_, random_, {}))
               .value();
  }
  Task<void> close() {
    co_await log_->close();
    log_.reset();
    co_await slot_->close();
    slot_.reset();
  }

  Task<void> write(std::uint64_t& left) {
    while (left > 0) {
      --left;
      const std::uint64_t sequence = log_->submit(Bytes(record_bytes, std::byte{1}));
      (co_await log_->wait_for(sequence)).value();
      if (sequence % records_until_truncation == 0) (co_await log_->truncate(sequence)).value();
    }
  }
  Task<void> write_from_many(std::size_t writer_count, std::uint64_t count) {
    TaskGroup writers;
    const auto executor = co_await boost::asio::this_coro::executor;
    for (std::size_t i = 0; i < writer_count; ++i) writers.spawn(executor, write(count));
    co_await writers.join();
  }

  // Blocks of 4 KiB one after the other into a file that was written all over, each synced.
  Task<void> open_bare() {
    file_ = (co_await disk_->open("bare", {.write = true, .create = true, .direct = true})).value();
    AlignedBuffer zeros(16 * mib);
    std::memset(zeros.data(), 0, zeros.size());
    (co_await file_->write(0, zeros.view())).value();
    (co_await file_->sync()).value();
  }
  Task<void> write_bare(std::uint64_t count) {
    AlignedBuffer block(4 * kib);
    std::memset(block.data(), 1, block.size());
    for (std::uint64_t i = 0; i < count; ++i) {
      (co_await file_->write_durably(i % 4096 * block.size(), block.view())).value();
    }
  }

 private:
  env::linux::TestLoop loop_;
  env::linux::TestFolder folder_;
  env::linux::Random random_;
  std::unique_ptr<env::linux::Clock> clock_ = env::linux::Clock::open(loop_.executor()).value();
  std::unique_ptr<env::linux::Disk> disk_ =
      env::linux::Disk::open(loop_.executor(), folder_.path()).value();
  KeyRing keys_ = KeyRing::draw(random_);
  SteadyCoordination coordination_;
  std::unique_ptr<slot::LocalSlot> slot_;
  std::unique_ptr<RangeLog> log_;
  std::unique_ptr<env::File> file_;
};

void append_records(benchmark::State& state) {
  constexpr std::uint64_t round = 4'000;
  Bench bench;
  bench.run(bench.open());
  for (auto _ : state) {
    bench.run(bench.write_from_many(static_cast<std::size_t>(state.range(0)), round));
  }
  bench.run(bench.close());
  state.counters["records"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(round),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(append_records)->Arg(1)->Arg(8)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime();

void sync_bare_blocks(benchmark::State& state) {
  constexpr std::uint64_t round = 1'000;
  Bench bench;
  bench.run(bench.open_bare());
  for (auto _ : state) bench.run(bench.write_bare(round));
  state.counters["blocks"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(round),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(sync_bare_blocks)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace holdfast::vault
