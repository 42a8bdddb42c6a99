// What a trip to the disk and to a worker costs, and what of it is ours: the same calls made by the
// bare thread stand beside them. Files lie in TEST_TMPDIR, or where temporary files go.
#include "base/sync.h"
#include "env/linux/disk.h"
#include "env/linux/support_test.h"
#include "env/linux/workers.h"

#include <benchmark/benchmark.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <random>

namespace holdfast::env::linux {
namespace {

constexpr std::uint64_t file_size = 256 * mib;

class Bench {
 public:
  explicit Bench(DiskBackend backend)
      : disk_(Disk::open(loop_.executor(), folder_.path(), backend).value()) {
    run(make_file());
  }

  void run(Task<void> task) { loop_.run(std::move(task)); }

  std::string path() const { return folder_.path() + "/file"; }
  File& file() { return *file_; }
  boost::asio::any_io_executor executor() { return loop_.executor(); }

 private:
  // Written in full once, so that no benchmark pays for the allocation of blocks.
  Task<void> make_file() {
    file_ = (co_await disk_->open("file", {.write = true, .create = true, .direct = true})).value();
    AlignedBuffer zeros(4 * mib);
    std::memset(zeros.data(), 1, zeros.size());
    for (std::uint64_t at = 0; at < file_size; at += zeros.size()) {
      (co_await file_->write(at, zeros.view())).value();
    }
    (co_await file_->sync()).value();
  }

  TestLoop loop_;
  TestFolder folder_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<File> file_;
};

enum class Kind { read, write, write_then_sync, write_durably };

struct Load {
  Kind kind;
  std::size_t size;
  bool is_random;
  int count;  // Operations of each of the streams.
};

Task<void> work(File& file, Load load, unsigned seed) {
  AlignedBuffer buffer(load.size);
  std::memset(buffer.data(), static_cast<int>(seed), buffer.size());
  std::mt19937_64 random(seed);
  const std::uint64_t places = file_size / load.size;
  for (int i = 0; i < load.count; ++i) {
    const std::uint64_t next = load.is_random ? random() : seed * 977 + static_cast<unsigned>(i);
    const std::uint64_t offset = next % places * load.size;
    switch (load.kind) {
      case Kind::read:
        (co_await file.read(offset, buffer.view())).value();
        break;
      case Kind::write:
        (co_await file.write(offset, buffer.view())).value();
        break;
      case Kind::write_then_sync:
        (co_await file.write(offset, buffer.view())).value();
        (co_await file.sync()).value();
        break;
      case Kind::write_durably:
        (co_await file.write_durably(offset, buffer.view())).value();
        break;
    }
  }
}

Task<void> work_in_streams(Bench& bench, Load load, std::int64_t stream_count) {
  TaskGroup streams;
  for (std::int64_t i = 0; i < stream_count; ++i) {
    streams.spawn(bench.executor(), work(bench.file(), load, static_cast<unsigned>(i) + 1));
  }
  co_await streams.join();
}

void run_load(benchmark::State& state, DiskBackend backend, Load load) {
  Bench bench(backend);
  std::int64_t operations = 0;
  const double start = processor_seconds();
  for (auto _ : state) {
    bench.run(work_in_streams(bench, load, state.range(0)));
    operations += load.count * state.range(0);
  }
  state.SetItemsProcessed(operations);
  state.SetBytesProcessed(operations * static_cast<std::int64_t>(load.size));
  state.counters["cpu_us"] = (processor_seconds() - start) * 1e6 / static_cast<double>(operations);
}

// One operation after another, by this thread itself.
void run_bare(benchmark::State& state, Kind kind) {
  Bench bench(DiskBackend::threads);
  const int file = open(bench.path().c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
  AlignedBuffer buffer(4 * kib);
  std::memset(buffer.data(), 1, buffer.size());
  const iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  off_t offset = 0;
  for (auto _ : state) {
    offset = (offset + 4096) % static_cast<off_t>(file_size);
    if (kind == Kind::read) {
      (void)!preadv2(file, &part, 1, offset, 0);
    } else {
      (void)!pwritev2(file, &part, 1, offset, kind == Kind::write_durably ? RWF_DSYNC : 0);
    }
    if (kind == Kind::write_then_sync) (void)fdatasync(file);
  }
  state.SetItemsProcessed(state.iterations());
  close(file);
}

constexpr Load random_read{Kind::read, 16 * kib, true, 200};
constexpr Load random_write{Kind::write, 16 * kib, true, 200};
constexpr Load long_write{Kind::write, 1 * mib, false, 20};
constexpr Load sync_after{Kind::write_then_sync, 4 * kib, false, 20};
constexpr Load durably{Kind::write_durably, 4 * kib, false, 20};

#define DISK_BENCH(name, load)                                            \
  BENCHMARK_CAPTURE(run_load, name##_ring, DiskBackend::ring, load)       \
      ->Arg(1)                                                            \
      ->Arg(16)                                                           \
      ->UseRealTime();                                                    \
  BENCHMARK_CAPTURE(run_load, name##_threads, DiskBackend::threads, load) \
      ->Arg(1)                                                            \
      ->Arg(16)                                                           \
      ->UseRealTime()
DISK_BENCH(random_read_16k, random_read);
DISK_BENCH(random_write_16k, random_write);
DISK_BENCH(long_write_1m, long_write);
DISK_BENCH(write_then_sync_4k, sync_after);
DISK_BENCH(write_durably_4k, durably);
BENCHMARK_CAPTURE(run_bare, read_4k, Kind::read)->UseRealTime();
BENCHMARK_CAPTURE(run_bare, write_4k, Kind::write)->UseRealTime();
BENCHMARK_CAPTURE(run_bare, write_then_sync_4k, Kind::write_then_sync)->UseRealTime();
BENCHMARK_CAPTURE(run_bare, write_durably_4k, Kind::write_durably)->UseRealTime();

Task<void> hop(Workers& workers, int count) {
  for (int i = 0; i < count; ++i) co_await workers.run([] {});
}

Task<void> hop_in_streams(boost::asio::any_io_executor executor, Workers& workers,
                          std::int64_t stream_count, int count) {
  TaskGroup streams;
  for (std::int64_t i = 0; i < stream_count; ++i) streams.spawn(executor, hop(workers, count));
  co_await streams.join();
}

void worker_hop(benchmark::State& state) {
  TestLoop loop;
  Workers workers(loop.executor());
  constexpr int count = 1000;
  std::int64_t hops = 0;
  const double start = processor_seconds();
  for (auto _ : state) {
    loop.run(hop_in_streams(loop.executor(), workers, state.range(0), count));
    hops += state.range(0) * count;
  }
  state.SetItemsProcessed(hops);
  state.counters["cpu_us"] = (processor_seconds() - start) * 1e6 / static_cast<double>(hops);
}
BENCHMARK(worker_hop)->Arg(1)->Arg(8)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace holdfast::env::linux
