#include "cli/session/transfer.h"

#include "cli/session/file_etag.h"
#include "cli/session/format.h"
#include "cli/session/local_files.h"
#include "cli/session/place.h"
#include "cli/session/streams.h"
#include "node/timestamp.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::cli {
namespace {

constexpr std::size_t queue_count_max = 100'000;
// A file up to this is read, sent and written in one piece.
constexpr std::size_t small_bytes_max = 1 * mib;
constexpr std::size_t piece_bytes = 1 * mib;
constexpr std::size_t answer_bytes_max = 1 * mib;
// A file may change while it is read, and a chunk may be collected while it is relied on.
constexpr int attempts_max = 3;

net::ClientRequest file_request(const Job& job, WallTime modified) {
  net::ClientRequest request = put_request(job.bucket, job.key);
  request.headers.add(fmt::format("holdfast-field-{}", modified_field),
                      node::to_decimal_seconds(modified));
  return request;
}

// A file as the body of a request, read on other threads.
class FileSource {
 public:
  FileSource(env::Workers& workers, LocalFile& file, Progress& progress)
      : workers_(workers), file_(file), progress_(progress) {}

  Task<Result<std::size_t>> next(MutableByteView into) {
    auto count = co_await workers_.call([this, into] { return file_.read(into); });
    if (count) progress_.add_bytes(*count);
    co_return count;
  }

 private:
  env::Workers& workers_;
  LocalFile& file_;
  Progress& progress_;
};

Result<LocalFile> create_below_folders(const std::string& path, Temporaries& temporaries) {
  if (const std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0) {
    TRY(make_folders(path.substr(0, slash)));
  }
  return LocalFile::create(path, &temporaries);
}

Result<void> write_whole(const std::string& path, ByteView content,
                         std::optional<WallTime> modified, Temporaries& temporaries) {
  TRY_LET(LocalFile file, create_below_folders(path, temporaries));
  TRY(file.write(content));
  return file.finish(modified);
}

std::optional<WallTime> modified_of(const net::ClientResponse& response) {
  const auto field = response.headers().find(fmt::format("holdfast-field-{}", modified_field));
  if (!field) return std::nullopt;
  const auto decoded = net::percent_decode(*field);
  if (!decoded) return std::nullopt;
  const auto time = node::from_decimal_seconds(*decoded);
  return time ? std::optional(*time) : std::nullopt;
}

// Fills `into` from the body; fewer bytes only at its end.
Task<Result<std::size_t>> fill(net::ClientResponse& response, MutableByteView into) {
  std::size_t size = 0;
  while (size < into.size()) {
    CO_TRY_LET(const std::size_t count, co_await response.read(into.subspan(size)));
    if (count == 0) break;
    size += count;
  }
  co_return size;
}

std::string remote(const std::string& bucket, const std::string& key) {
  return fmt::format("{}{}/{}", place_scheme, bucket, key);
}

std::string describe(const Job& job) {
  switch (job.kind) {
    case Job::Kind::upload:
      return fmt::format("upload {} to {}", job.path, remote(job.bucket, job.key));
    case Job::Kind::download:
      return fmt::format("download {} to {}", remote(job.bucket, job.key), job.path);
    case Job::Kind::copy:
      return fmt::format("copy {} to {}", remote(job.from_bucket, job.from_key),
                         remote(job.bucket, job.key));
    case Job::Kind::rename:
      return fmt::format("move {} to {}", remote(job.from_bucket, job.from_key),
                         remote(job.bucket, job.key));
    case Job::Kind::remove_object:
      return "remove " + remote(job.bucket, job.key);
    case Job::Kind::remove_file:
      return "remove " + job.path;
  }
  return {};
}

}  // namespace

std::vector<tree::Option> transfer_options(TransferOptions& options) {
  return {{.name = "jobs",
           .letter = 'j',
           .value = "N",
           .help = fmt::format("How many at a time, up to {} ({})", transfer_jobs_max,
                               transfer_jobs_standard),
           .target = &options.jobs,
           .range = {1, transfer_jobs_max}},
          {.name = "dry-run",
           .letter = 'n',
           .help = "Only tell what would be done",
           .target = &options.is_dry},
          {.name = "verbose",
           .letter = 'v',
           .help = "Tell each thing done",
           .target = &options.is_told},
          {.name = "quiet",
           .letter = 'q',
           .help = "Show neither progress nor a summary",
           .target = &options.is_quiet}};
}

Transfer::Transfer(Session& session, NodeClient& node, TransferOptions options)
    : session_(session),
      node_(node),
      options_(options),
      progress_(session.terminal(), session.clock(), options.is_quiet || options.is_dry) {
  const std::size_t count = std::clamp<std::size_t>(options_.jobs, 1, transfer_jobs_max);
  for (std::size_t i = 0; i < count; ++i) runners_.spawn(session_.executor(), run());
}

Task<void> Transfer::add(Job job) {
  progress_.expect(1, job.size);
  while (queue_.size() >= queue_count_max) co_await room_.wait();
  queue_.push_back(std::move(job));
  work_.wake_one();
}

Task<void> Transfer::finish() {
  progress_.expect_no_more();
  is_ending_ = true;
  work_.wake_all();
  co_await runners_.join();
  progress_.clear();
  if (untried_ > 0) {
    session_.report_failure(
        Error(ErrorCode::unavailable,
              fmt::format("{} not done either.", count_of(untried_, "more is", "more are"))));
  }
}

Task<void> Transfer::run() {
  for (;;) {
    while (queue_.empty() && !is_ending_) co_await work_.wait();
    if (queue_.empty()) co_return;
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    room_.wake_one();
    co_await carry_out(job);
  }
}

Task<void> Transfer::carry_out(const Job& job) {
  if (is_node_lost_) {
    ++failed_;
    ++untried_;
    co_return;
  }
  if (options_.is_dry) {
    if (const auto printed =
            session_.terminal().print("would " + session_.terminal().shown(describe(job)) + "\n");
        !printed) {
      session_.report_failure(printed.error());
    }
    count(job);
    co_return;
  }
  if (!job.unless_etag.empty()) {
    const auto is_same = co_await is_content_same(job);
    if (is_same && *is_same) {
      ++same_;
      progress_.add_bytes(job.size);
      progress_.add_file();
      co_return;
    }
  }
  Result<void> done;
  for (int attempts = 0; attempts < attempts_max; ++attempts) {
    done = co_await attempt(job);
    if (done || done.error().code() != ErrorCode::conflict) break;
  }
  if (done) {
    count(job);
    session_.report_success();
    tell(job);
  } else {
    fail_job(job, std::move(done).error());
  }
  progress_.add_file();
}

void Transfer::fail_job(const Job& job, Error error) {
  ++failed_;
  const bool is_of_node = error.code() == ErrorCode::unavailable;
  if (is_of_node && is_node_lost_) {
    ++untried_;
    return;
  }
  is_node_lost_ = is_node_lost_ || is_of_node;
  progress_.clear();
  session_.report_failure(std::move(error).within(fmt::format("Could not {}", describe(job))));
}

void Transfer::count(const Job& job) {
  const bool is_removal =
      job.kind == Job::Kind::remove_object || job.kind == Job::Kind::remove_file;
  ++(is_removal ? removed_ : moved_);
  if (!is_removal) moved_bytes_ += job.size;
}

// A file that cannot be read here is not the same; moving it will say why.
Task<Result<bool>> Transfer::is_content_same(const Job& job) {
  return session_.workers().call([&job]() -> Result<bool> {
    TRY_LET(const std::string etag, etag_of_file(job.path, job.unless_etag));
    return etag == job.unless_etag;
  });
}

// A rename within a bucket happens at once; into another it is a copy, whose original then goes. So
// is that of an object from one folder's name to another's: as a rename it would take along all
// that lies below.
Task<Result<void>> Transfer::copy(const Job& job) {
  const bool is_rename = job.kind == Job::Kind::rename;
  const bool is_of_folders =
      job.from_key != job.key && job.from_key.ends_with('/') && job.key.ends_with('/');
  const bool is_at_once = is_rename && job.from_bucket == job.bucket && !is_of_folders;
  CO_TRY(co_await node_.tell("POST", target_of(is_at_once ? "rename" : "copy"),
                             node::Passage{.from_bucket = job.from_bucket,
                                           .from_key = job.from_key,
                                           .to_bucket = job.bucket,
                                           .to_key = job.key}));
  if (is_rename && !is_at_once) {
    CO_TRY(co_await node_.tell("DELETE", target_of("objects", job.from_bucket, job.from_key)));
  }
  progress_.add_bytes(job.size);
  co_return Result<void>();
}

Task<Result<void>> Transfer::remove_object(const Job& job) {
  auto removed = co_await node_.tell("DELETE", target_of("objects", job.bucket, job.key));
  // Somebody else was faster; it is gone, which is what was wanted.
  if (!removed && removed.error().code() == ErrorCode::not_found) co_return Result<void>();
  co_return removed;
}

void Transfer::tell(const Job& job) {
  if (!options_.is_told) return;
  progress_.clear();
  if (const auto printed =
          session_.terminal().print(session_.terminal().shown(describe(job)) + "\n");
      !printed) {
    session_.report_failure(printed.error());
  }
}

Task<Result<void>> Transfer::attempt(const Job& job) {
  switch (job.kind) {
    case Job::Kind::upload:
      co_return co_await upload(job);
    case Job::Kind::download:
      co_return co_await download(job);
    case Job::Kind::copy:
    case Job::Kind::rename:
      co_return co_await copy(job);
    case Job::Kind::remove_object:
      co_return co_await remove_object(job);
    case Job::Kind::remove_file:
      co_return co_await session_.workers().call([&job]() -> Result<void> {
        TRY(remove_file(job.path));
        if (const std::size_t slash = job.path.rfind('/'); slash != std::string::npos) {
          remove_empty_folders(job.path.substr(0, slash), job.top);
        }
        return {};
      });
  }
  co_return Result<void>();
}

Task<Result<void>> Transfer::upload(const Job& job) {
  return job.size <= small_bytes_max ? upload_small(job) : upload_large(job);
}

Task<Result<void>> Transfer::upload_small(const Job& job) {
  auto whole =
      co_await session_.workers().call([&job] { return read_whole(job.path, small_bytes_max); });
  // It has grown since it was found.
  if (!whole && whole.error().code() == ErrorCode::invalid) co_return co_await upload_large(job);
  CO_TRY_LET(const WholeFile file, std::move(whole));
  net::ClientRequest request = file_request(job, file.facts.modified);
  request.body = file.content;
  request.content_length = file.content.size();
  CO_TRY_LET(const auto response, co_await node_.open(std::move(request)));
  CO_TRY(co_await net::Client::read_all(*response, answer_bytes_max));
  progress_.add_bytes(file.content.size());
  co_return Result<void>();
}

Task<Result<void>> Transfer::upload_large(const Job& job) {
  CO_TRY_LET(LocalFile file,
             co_await session_.workers().call([&job] { return LocalFile::open(job.path); }));
  CO_TRY_LET(const FileFacts facts, file.facts());
  FileSource source(session_.workers(), file, progress_);
  net::ClientRequest request = file_request(job, facts.modified);
  request.content_length = facts.size;
  request.body_source = [&source](MutableByteView into) { return source.next(into); };
  CO_TRY_LET(const auto response, co_await node_.open(std::move(request)));
  CO_TRY(co_await net::Client::read_all(*response, answer_bytes_max));
  co_return Result<void>();
}

Task<Result<void>> Transfer::download(const Job& job) {
  temporaries_.watch(session_.executor());
  net::ClientRequest request;
  request.target = target_of("objects", job.bucket, job.key);
  CO_TRY_LET(const auto response, co_await node_.open(std::move(request)));
  const std::optional<WallTime> modified = modified_of(*response);
  const std::uint64_t size = response->content_length().value_or(piece_bytes);
  Bytes piece(std::clamp<std::uint64_t>(size, 1, piece_bytes));
  CO_TRY_LET(std::size_t count, co_await fill(*response, piece));
  if (size <= piece_bytes) {
    const ByteView content = ByteView(piece).first(count);
    CO_TRY(co_await session_.workers().call(
        [&] { return write_whole(job.path, content, modified, temporaries_); }));
    progress_.add_bytes(count);
    co_return Result<void>();
  }
  CO_TRY_LET(LocalFile file, co_await session_.workers().call(
                                 [&] { return create_below_folders(job.path, temporaries_); }));
  while (count > 0) {
    const ByteView content = ByteView(piece).first(count);
    CO_TRY(co_await session_.workers().call([&file, content] { return file.write(content); }));
    progress_.add_bytes(count);
    CO_TRY_LET(count, co_await fill(*response, piece));
  }
  co_return co_await session_.workers().call([&] { return file.finish(modified); });
}

}  // namespace holdfast::cli
