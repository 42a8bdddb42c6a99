#include "bench/load.h"

#include "base/sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::bench {
namespace {

constexpr std::array<std::pair<Operation, std::string_view>, 7> operation_names{{
    {Operation::put, "put"},
    {Operation::get, "get"},
    {Operation::mixed, "mixed"},
    {Operation::stat, "stat"},
    {Operation::list, "list"},
    {Operation::remove, "delete"},
    {Operation::multipart, "multipart"},
}};

// What is stored first where nobody says how much: enough to be no special case, little enough not
// to take longer than the measurement.
constexpr std::uint64_t stored_bytes_usual = gib;
constexpr std::uint64_t stored_objects_usual = 2'000;
constexpr std::uint64_t listed_objects_usual = 10'000;
constexpr std::uint64_t removed_objects_usual = 20'000;

// Of each twenty requests of `mixed`: what file servers and registries see, reads before all.
constexpr std::array<Operation, 20> mixture{
    Operation::get,  Operation::get, Operation::put,  Operation::stat,   Operation::get,
    Operation::stat, Operation::get, Operation::stat, Operation::put,    Operation::get,
    Operation::stat, Operation::get, Operation::get,  Operation::remove, Operation::stat,
    Operation::get,  Operation::put, Operation::stat, Operation::get,    Operation::remove,
};

// A lane whose request failed waits, so that a server that is gone is not hammered.
constexpr Duration pause_after_error = std::chrono::milliseconds(10);

bool needs_objects(Operation operation) {
  return operation != Operation::put && operation != Operation::multipart;
}

}  // namespace

std::string_view to_string(Operation operation) {
  return std::ranges::find(operation_names, operation,
                           &decltype(operation_names)::value_type::first)
      ->second;
}

std::optional<Operation> parse_operation(std::string_view text) {
  const auto* const found =
      std::ranges::find(operation_names, text, &decltype(operation_names)::value_type::second);
  if (found == operation_names.end()) return {};
  return found->first;
}

std::uint64_t Tally::error_count() const {
  std::uint64_t sum = 0;
  for (const auto& [text, times] : errors) sum += times;
  return sum;
}

void Tally::add(const Tally& other) {
  count += other.count;
  keys += other.keys;
  bytes += other.bytes;
  latency.add(other.latency);
  for (const auto& [text, times] : other.errors) errors[text] += times;
}

Result<std::unique_ptr<Load>> Load::create(boost::asio::any_io_executor executor, env::Clock& clock,
                                           env::Random& random, LoadOptions options) {
  if (options.concurrency < 1 || options.concurrency > concurrency_max) {
    return fail(ErrorCode::invalid, fmt::format("a concurrency of {}: 1 to {} make sense",
                                                options.concurrency, concurrency_max));
  }
  if (options.compressible < 0 || options.compressible > 1) {
    return fail(ErrorCode::invalid, "the compressible share lies between 0 and 1");
  }
  if (options.duration <= Duration::zero() && options.objects == 0) {
    return fail(ErrorCode::invalid, "without a duration, say how many objects");
  }
  if (options.part_bytes == 0) return fail(ErrorCode::invalid, "parts of 0 bytes");
  if (options.target.bucket.empty()) return fail(ErrorCode::invalid, "no bucket is named");
  return std::unique_ptr<Load>(new Load(std::move(executor), clock, random, std::move(options)));
}

Load::Load(boost::asio::any_io_executor executor, env::Clock& clock, env::Random& random,
           LoadOptions options)
    : executor_(executor),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      seed_(random.draw_number()),
      calls_(std::move(executor), clock, options_.target, options_.concurrency) {}

std::string Load::key(std::uint64_t number) const {
  return fmt::format("{}{:010}", options_.prefix, number);
}

Content Load::content(const Run& run, std::uint64_t number) const {
  return {Payload(mix_seed(seed_, number), options_.compressible), run.size};
}

std::uint64_t Load::objects_first(Operation operation, std::uint64_t size) const {
  if (!needs_objects(operation)) return 0;
  if (options_.objects > 0) return options_.objects;
  if (operation == Operation::list) return listed_objects_usual;
  const std::uint64_t most =
      operation == Operation::remove ? removed_objects_usual : stored_objects_usual;
  return std::clamp<std::uint64_t>(stored_bytes_usual / std::max<std::uint64_t>(size, 1),
                                   std::min<std::uint64_t>(options_.concurrency, most), most);
}

// Without a duration, each object gets one request; removing never goes on beyond what is there.
std::uint64_t Load::end_of(const Run& run) const {
  if (run.operation == Operation::remove) return run.stored_first;
  if (!needs_objects(run.operation)) return options_.objects;
  return options_.duration > Duration::zero() ? 0 : run.next + options_.objects;
}

Task<Result<Measurement>> Load::run(Operation operation, std::uint64_t size) {
  CO_TRY(co_await calls_.create_bucket());
  seed_ = random_.draw_number();  // No bytes come twice, whatever ran before.
  Run run{.operation = operation, .size = size, .stored_first = objects_first(operation, size)};
  CO_TRY(co_await store_first(operation, size, run.stored_first));
  run.stored = run.stored_first;
  run.next = operation == Operation::mixed ? run.stored_first : 0;
  run.end = end_of(run);

  const std::uint64_t server = options_.server_process;
  ProcessUse before;
  if (server != 0) {
    reset_peak(server);
    CO_TRY_LET(before, use_of_process(server));
  }
  const Instant begun = clock_.now();
  if (options_.duration > Duration::zero()) run.deadline = begun + options_.duration;
  co_await run_lanes(run, operation == Operation::list ? &Load::list_lane : &Load::measure_lane);
  Measurement measured{.operation = operation, .size = size};
  measured.seconds = std::chrono::duration<double>(clock_.now() - begun).count();
  if (server != 0) {
    CO_TRY_LET(const ProcessUse after, use_of_process(server));
    measured.server_seconds = after.seconds - before.seconds;
    measured.server_peak_bytes = after.peak_bytes;
  }
  for (const auto& [kind, tally] : run.kinds) measured.all.add(tally);
  if (operation == Operation::mixed) measured.kinds = std::move(run.kinds);
  if (!options_.keeps) co_await remove_left(run);
  co_return measured;
}

Task<void> Load::run_lanes(Run& run, Lane lane) {
  TaskGroup lanes;
  for (std::size_t i = 0; i < options_.concurrency; ++i) {
    lanes.spawn(executor_, (this->*lane)(run));
  }
  co_await lanes.join();
}

Task<void> Load::pause() const {
  co_await clock_.sleep_until(clock_.now() + pause_after_error);
}

std::optional<std::uint64_t> Load::take(Run& run) const {
  if (run.deadline && clock_.now() >= *run.deadline) return {};
  if (run.end != 0 && run.next >= run.end) return {};
  return run.next++;
}

// What is stored first stays, and is read; what is removed was stored by the run itself.
Operation Load::draw_mixed(Run& run, std::uint64_t& number) {
  Operation drawn = mixture[number % mixture.size()];
  if (drawn == Operation::put) return drawn;
  if (drawn == Operation::remove && run.oldest < run.fresh.size()) {
    number = run.fresh[run.oldest++];
    return drawn;
  }
  if (drawn == Operation::remove) drawn = Operation::get;
  number = mix_seed(seed_, number) % run.stored_first;
  return drawn;
}

Task<void> Load::measure_lane(Run& run) {
  while (auto number = take(run)) {
    Operation kind = run.operation;
    if (kind == Operation::mixed) {
      kind = draw_mixed(run, *number);
    } else if (kind == Operation::get || kind == Operation::stat) {
      *number %= run.stored_first;
    }
    const Instant begun = clock_.now();
    const auto outcome = co_await call(run, kind, *number);
    note(run.kinds[kind], clock_.now() - begun, outcome);
    if (outcome && kind == Operation::put && run.operation == Operation::mixed) {
      run.fresh.push_back(*number);
    }
    if (!outcome) co_await pause();
  }
}

// Each lane walks through all keys by itself, page after page, again and again.
Task<void> Load::list_lane(Run& run) {
  Tally& tally = run.kinds[Operation::list];
  std::string after;
  while (take(run)) {
    const Instant begun = clock_.now();
    const auto page = co_await calls_.list(options_.prefix, after);
    if (page) {
      note(tally, clock_.now() - begun, std::uint64_t{0});
      tally.keys += page->count;
      after = page->last;
    } else {
      note(tally, clock_.now() - begun, std::unexpected(page.error()));
      co_await pause();
    }
  }
}

Task<Result<std::uint64_t>> Load::call(Run& run, Operation operation, std::uint64_t number) {
  switch (operation) {
    case Operation::put:
      run.stored = std::max(run.stored, number + 1);
      return calls_.put(key(number), content(run, number), options_.protection);
    case Operation::multipart:
      run.stored = std::max(run.stored, number + 1);
      return calls_.put_in_parts(key(number), content(run, number), options_.part_bytes,
                                 options_.protection);
    case Operation::get:
      return calls_.get(key(number), content(run, number), options_.compares);
    case Operation::stat:
      return calls_.stat(key(number));
    case Operation::remove:
      return calls_.remove(key(number));
    case Operation::mixed:
    case Operation::list:
      break;
  }
  std::unreachable();
}

void Load::note(Tally& tally, Duration latency, const Result<std::uint64_t>& outcome) const {
  if (outcome) {
    ++tally.count;
    tally.bytes += *outcome;
    tally.latency.add(latency);
    return;
  }
  const std::string& text = outcome.error().context();
  const bool has_room = tally.errors.size() < error_kinds_max || tally.errors.contains(text);
  ++tally.errors[has_room ? text : "others"];
}

Task<Result<void>> Load::store_first(Operation operation, std::uint64_t size, std::uint64_t count) {
  if (count == 0) co_return Result<void>();
  Run run{.operation = Operation::put, .size = size, .end = count};
  co_await run_lanes(run, &Load::measure_lane);
  const Tally& stored = run.kinds[Operation::put];
  if (stored.errors.empty()) co_return Result<void>();
  co_return fail(
      ErrorCode::unavailable,
      fmt::format("store {} objects for {}: {} failed, such as: {}", count, to_string(operation),
                  stored.error_count(), stored.errors.begin()->first));
}

Task<void> Load::remove_left(const Run& run) {
  const bool is_removed = run.operation == Operation::remove && run.next >= run.stored;
  if (is_removed || run.stored == 0) co_return;
  Run cleaning{.operation = Operation::remove, .end = run.stored};
  co_await run_lanes(cleaning, &Load::measure_lane);
}

}  // namespace holdfast::bench
