#include "bench/report.h"
#include "cli/commands.h"
#include "cli/session/local_files.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>

namespace holdfast::cli {
namespace {

constexpr std::string_view endpoint_usual = "http://127.0.0.1:9000";

// What both commands measure the machine by.
struct Machine {
  std::string disk = ".";
  std::string compressible = "0";
  std::string json_file;
};

struct Wish {
  Machine machine;
  std::string endpoint{endpoint_usual};
  std::string access_key;
  std::string secret_key;
  std::string region = "us-east-1";
  std::string ca_file;
  std::string bucket = "holdfast-bench";
  std::string prefix = "bench/";
  std::vector<std::string> operations;
  std::vector<std::string> sizes;
  std::string part_size = "8MiB";
  std::string seconds = "10";
  std::string payload = "unsigned";
  std::uint64_t concurrency = 16;
  std::uint64_t objects = 0;
  std::uint64_t server_process = 0;
  bool compares = false;
  bool keeps = false;
};

Result<double> parse_number(std::string_view text, std::string_view what) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  return fail(ErrorCode::invalid, fmt::format("'{}' is no number for {}", text, what));
}

bench::Protection parse_payload(std::string_view text) {
  if (text == "signed") return bench::Protection::hash;
  return text == "streaming" ? bench::Protection::chunks : bench::Protection::none;
}

std::string spoken_or(const std::string& spoken, const Session& session, std::string_view name) {
  if (!spoken.empty()) return spoken;
  const auto found = session.variables().find(name);
  return found == session.variables().end() ? std::string() : found->second;
}

Result<bench::LoadOptions> load_options(const Wish& wish, const Session& session) {
  bench::LoadOptions options;
  options.target.endpoint = wish.endpoint;
  options.target.credentials = {
      .access_key = spoken_or(wish.access_key, session, "HOLDFAST_ACCESS_KEY"),
      .secret_key = spoken_or(wish.secret_key, session, "HOLDFAST_SECRET_KEY"),
      .region = wish.region};
  const auto& credentials = options.target.credentials;
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return fail(ErrorCode::invalid,
                "No keys are known. Set HOLDFAST_ACCESS_KEY and HOLDFAST_SECRET_KEY, or say "
                "--access-key and --secret-key.");
  }
  options.target.bucket = wish.bucket;
  options.target.ca_file = wish.ca_file;
  options.prefix = wish.prefix;
  options.concurrency = wish.concurrency;
  TRY_LET(const double seconds, parse_number(wish.seconds, "--duration"));
  options.duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  options.objects = wish.objects;
  options.protection = parse_payload(wish.payload);
  TRY_LET(options.compressible, parse_number(wish.machine.compressible, "--compressible"));
  TRY_LET(options.part_bytes, bench::parse_size(wish.part_size));
  options.compares = wish.compares;
  options.keeps = wish.keeps;
  options.server_process = wish.server_process;
  return options;
}

// Everything that is asked for, as pairs of what and how large.
struct Step {
  bench::Operation operation;
  std::uint64_t size;
};

Result<std::vector<Step>> steps_of(const Wish& wish) {
  std::vector<std::string> operations = wish.operations;
  std::vector<std::string> sizes = wish.sizes;
  if (operations.empty()) operations = {"put", "get", "stat", "list", "delete"};
  if (sizes.empty()) sizes = {"1MiB"};
  std::vector<Step> steps;
  for (const auto& size : sizes) {
    TRY_LET(const std::uint64_t bytes, bench::parse_size(size));
    for (const auto& operation : operations) {
      steps.push_back({bench::parse_operation(operation).value(), bytes});
    }
  }
  return steps;
}

Result<void> write_json(const std::string& path, const std::string& json) {
  if (path.empty()) return {};
  TRY_LET(LocalFile file, LocalFile::create(path));
  TRY(file.write(as_bytes(json)));
  return file.finish({});
}

Result<bench::Limits> measure(Session& session, const Machine& machine) {
  TRY_LET(const double compressible, parse_number(machine.compressible, "--compressible"));
  session.terminal().say("Measuring what this machine can do …\n");
  return bench::measure_limits(session.clock(), session.outside().random(), machine.disk,
                               compressible);
}

Task<Result<void>> bench_s3(Session& session, const Wish& wish) {
  bench::Report report;
  CO_TRY_LET(report.options, load_options(wish, session));
  CO_TRY_LET(const std::vector<Step> steps, steps_of(wish));
  CO_TRY_LET(const auto load, bench::Load::create(session.executor(), session.clock(),
                                                  session.outside().random(), report.options));
  CO_TRY_LET(report.limits, measure(session, wish.machine));
  for (const auto& [operation, size] : steps) {
    session.terminal().say(
        fmt::format("{} of {} …\n", bench::to_string(operation), bench::format_size(size)));
    CO_TRY_LET(bench::Measurement measurement, co_await load->run(operation, size));
    if (const auto errors = measurement.all.error_count(); errors > 0) {
      session.report_failure(
          Error(ErrorCode::unavailable,
                fmt::format("{}: {} requests failed", bench::to_string(operation), errors)));
    } else {
      session.report_success();
    }
    report.measurements.push_back(std::move(measurement));
  }
  report.own = bench::use_of_this_process();
  CO_TRY(write_json(wish.machine.json_file, bench::to_json(report) + "\n"));
  co_return session.terminal().print(bench::to_table(report));
}

Task<Result<void>> bench_limits(Session& session, const Machine& machine) {
  CO_TRY_LET(const bench::Limits limits, measure(session, machine));
  CO_TRY(write_json(machine.json_file, bench::to_json(limits) + "\n"));
  co_return session.terminal().print(bench::to_table(limits));
}

void add_machine(tree::Command& command, Machine& machine) {
  command.options.push_back({.name = "compressible",
                             .value = "SHARE",
                             .help = "How much of the bytes a compressor can take away, 0 to 1 (0)",
                             .target = &machine.compressible});
  command.options.push_back({.name = "disk",
                             .value = "DIR",
                             .help = "Measure the disk that this folder is on (the current one)",
                             .target = &machine.disk,
                             .completes = tree::Completes::folder});
  command.options.push_back({.name = "json",
                             .value = "FILE",
                             .help = "Write the figures there too",
                             .target = &machine.json_file,
                             .completes = tree::Completes::file});
}

// Where to, and as whom.
void add_server(tree::Command& command, Wish& wish) {
  command.options = {
      {.name = "endpoint",
       .value = "URL",
       .help = "The server (http://127.0.0.1:9000)",
       .target = &wish.endpoint},
      {.name = "access-key",
       .value = "KEY",
       .help = "Instead of HOLDFAST_ACCESS_KEY",
       .target = &wish.access_key},
      {.name = "secret-key",
       .value = "KEY",
       .help = "Instead of HOLDFAST_SECRET_KEY; others on this machine may see it",
       .target = &wish.secret_key},
      {.name = "region",
       .value = "NAME",
       .help = "What signatures are made for (us-east-1)",
       .target = &wish.region},
      {.name = "ca-file",
       .value = "FILE",
       .help = "Trust the certificates in it",
       .target = &wish.ca_file,
       .completes = tree::Completes::file},
      {.name = "bucket",
       .value = "NAME",
       .help = "Created if it is not there (holdfast-bench)",
       .target = &wish.bucket},
      {.name = "prefix",
       .value = "TEXT",
       .help = "What all keys begin with (bench/)",
       .target = &wish.prefix},
      {.name = "server-pid",
       .value = "N",
       .help = "The server's process, if it runs here: tells what it costs",
       .target = &wish.server_process},
  };
}

// What, and how much of it.
void add_load(tree::Command& command, Wish& wish) {
  const std::vector<tree::Option> options = {
      {.name = "op",
       .value = "OPERATION",
       .help = "What to do; give it again for more (put get stat list delete)",
       .target = &wish.operations,
       .choices = {"put", "get", "mixed", "stat", "list", "delete", "multipart"}},
      {.name = "size",
       .value = "SIZE",
       .help = "Of the objects, such as 4KiB; give it again for more (1MiB)",
       .target = &wish.sizes},
      {.name = "part-size",
       .value = "SIZE",
       .help = "Of the parts of multipart (8MiB)",
       .target = &wish.part_size},
      {.name = "concurrency",
       .value = "N",
       .help = "Requests at a time (16)",
       .target = &wish.concurrency},
      {.name = "duration",
       .value = "SECONDS",
       .help = "Of each measurement (10); 0: until all objects are done",
       .target = &wish.seconds},
      {.name = "objects",
       .value = "N",
       .help = "How many to store before get, stat, list and delete, and at most to put",
       .target = &wish.objects},
      {.name = "payload",
       .value = "HOW",
       .help = "How bodies are protected (unsigned)",
       .target = &wish.payload,
       .choices = {"unsigned", "signed", "streaming"}},
      {.name = "verify",
       .help = "Compare what is fetched with what was stored",
       .target = &wish.compares},
      {.name = "keep", .help = "Leave the objects there", .target = &wish.keeps},
  };
  command.options.insert(command.options.end(), options.begin(), options.end());
}

tree::Command s3_command() {
  auto wish = std::make_shared<Wish>();
  tree::Command command{
      .name = "s3",
      .summary = "Put a load on an S3 server and tell what it takes",
      .details =
          "Works with any S3 server. Each byte sent is unique. `mixed` is 9 get, 6 stat, 3 put and "
          "2 delete of twenty.\n\n"
          "Every figure stands beside what this machine can do at best, measured in the same run: "
          "\"of chain\" is 1 where a server would spend nothing beyond hashing, compressing, "
          "encrypting and copying once.",
      .examples = {{"holdfast bench s3 --op put --op get --size 4KiB --size 64MiB",
                    "Stores and fetches small and large objects"},
                   {"holdfast bench s3 --op put --size 1KiB --concurrency 64 --server-pid 4242",
                    "Tells the server's processor time and memory too"}},
      .run = [wish](Session& session) { return bench_s3(session, *wish); },
      .synonyms = {"warp", "load"}};
  add_server(command, *wish);
  add_load(command, *wish);
  add_machine(command, wish->machine);
  return command;
}

tree::Command limits_command() {
  auto machine = std::make_shared<Machine>();
  tree::Command command{
      .name = "limits",
      .summary = "Tell what this machine can do at best",
      .run = [machine](Session& session) { return bench_limits(session, *machine); }};
  add_machine(command, *machine);
  return command;
}

}  // namespace

tree::Command bench_command() {
  return {.name = "bench",
          .summary = "Measure a server, or this machine",
          .children = {s3_command(), limits_command()}};
}

}  // namespace holdfast::cli
