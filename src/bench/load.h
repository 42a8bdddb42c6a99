// A load on an S3 server: many requests of one kind at a time, each begun when the one before it on
// the same lane has been answered, and what that took.
//
// The keys are `prefix` and a number, and the bytes of each object follow from its number: whatever
// was stored can be checked when it is fetched. What an operation needs to be there is stored
// first, and what it left is removed after, both without being measured.
#pragma once

#include "bench/histogram.h"
#include "bench/process.h"
#include "bench/s3_calls.h"
#include "env/clock.h"
#include "env/random.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bench {

enum class Operation : std::uint8_t { put, get, mixed, stat, list, remove, multipart };

std::string_view to_string(Operation operation);
std::optional<Operation> parse_operation(std::string_view text);

struct LoadOptions {
  Target target;
  std::string prefix = "bench/";
  std::size_t concurrency = 16;
  Duration duration = std::chrono::seconds(10);  // Zero: until `objects` are done.
  std::uint64_t objects = 0;  // To store first, or to do; 0: as many as it takes.
  Protection protection = Protection::none;
  double compressible = 0;
  std::uint64_t part_bytes = 8 * mib;
  bool compares = false;             // What is fetched with what was stored.
  bool keeps = false;                // Leave what was stored.
  std::uint64_t server_process = 0;  // If it runs on this machine.
};

// What was seen of one kind of request.
struct Tally {
  std::uint64_t count = 0;  // Successes.
  std::uint64_t keys = 0;   // Listed.
  std::uint64_t bytes = 0;  // Of objects.
  Histogram latency;
  std::map<std::string, std::uint64_t> errors;  // By what was said.

  std::uint64_t error_count() const;
  void add(const Tally& other);
};

struct Measurement {
  Operation operation = Operation::put;
  std::uint64_t size = 0;  // Of an object.
  double seconds = 0;
  Tally all{};
  std::map<Operation, Tally> kinds{};  // Of `mixed`.
  // Of the server while it ran.
  std::optional<double> server_seconds{};
  std::optional<std::uint64_t> server_peak_bytes{};
};

class Load {
 public:
  static constexpr std::size_t concurrency_max = 4096;
  static constexpr std::size_t error_kinds_max = 16;

  // All outlive the load. `invalid` for options that make no sense.
  static Result<std::unique_ptr<Load>> create(boost::asio::any_io_executor executor,
                                              env::Clock& clock, env::Random& random,
                                              LoadOptions options);

  // Creates the bucket if it is not there, stores what is needed, runs, removes what is left. Fails
  // if the bucket cannot be had, if nothing that is needed can be stored, or if the server's
  // process is not there; requests that fail while it runs are counted.
  Task<Result<Measurement>> run(Operation operation, std::uint64_t size);

 private:
  // One operation under way.
  struct Run {
    Operation operation = Operation::put;
    std::uint64_t size = 0;
    std::uint64_t stored_first = 0;  // Numbers 0 to this are there when it begins.
    std::uint64_t next = 0;
    std::uint64_t end = 0;     // Numbers below it are done; 0: no end.
    std::uint64_t stored = 0;  // Numbers below it may be there afterwards.
    std::uint64_t oldest = 0;  // Mixed: what it stored and did not remove yet begins here.
    std::vector<std::uint64_t> fresh{};  // Mixed: what it stored itself.
    std::optional<Instant> deadline{};
    std::map<Operation, Tally> kinds{};
  };

  Load(boost::asio::any_io_executor executor, env::Clock& clock, env::Random& random,
       LoadOptions options);

  std::string key(std::uint64_t number) const;
  Content content(const Run& run, std::uint64_t number) const;
  std::uint64_t objects_first(Operation operation, std::uint64_t size) const;

  std::uint64_t end_of(const Run& run) const;

  // Runs `lane` on as many lanes as are wanted, until all end.
  using Lane = Task<void> (Load::*)(Run&);
  Task<void> run_lanes(Run& run, Lane lane);
  Task<void> measure_lane(Run& run);
  Task<void> list_lane(Run& run);

  Task<void> pause() const;

  // The next number; nothing when the run is over.
  std::optional<std::uint64_t> take(Run& run) const;
  Operation draw_mixed(Run& run, std::uint64_t& number);
  Task<Result<std::uint64_t>> call(Run& run, Operation operation, std::uint64_t number);
  void note(Tally& tally, Duration latency, const Result<std::uint64_t>& outcome) const;

  Task<Result<void>> store_first(Operation operation, std::uint64_t size, std::uint64_t count);
  Task<void> remove_left(const Run& run);

  boost::asio::any_io_executor executor_;
  env::Clock& clock_;
  env::Random& random_;
  LoadOptions options_;
  std::uint64_t seed_;
  S3Calls calls_;
};

}  // namespace holdfast::bench
