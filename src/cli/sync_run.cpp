#include "cli/sync_run.h"

#include "node/object_headers.h"
#include "node/timestamp.h"

#include <fmt/format.h>

#include <cstdlib>

namespace holdfast::cli {
namespace {

constexpr std::size_t walk_batch = 1000;
// Not every file system keeps nanoseconds.
constexpr Duration time_tolerance = std::chrono::microseconds(1);

class LocalSide final : public SyncSide {
 public:
  LocalSide(Session& session, std::string folder, bool is_following, bool removes_stale)
      : session_(session), walk_(std::move(folder), is_following, removes_stale) {}

  Task<Result<const SyncEntry*>> current() override {
    if (next_ == entries_.size() && !has_ended_) {
      entries_ = co_await session_.workers().call([this] { return walk_.next(walk_batch); });
      next_ = 0;
      has_ended_ = entries_.empty();
      tell_troubles();
    }
    if (has_ended_) co_return nullptr;
    const LocalWalk::Entry& entry = entries_[next_];
    entry_ = {
        .path = entry.path, .size = entry.facts.size, .modified = entry.facts.modified, .etag = {}};
    co_return &entry_;
  }

  void advance() override { ++next_; }
  bool is_whole() const { return is_whole_; }

 private:
  void tell_troubles() {
    for (const LocalWalk::Trouble& trouble : walk_.take_troubles()) {
      if (trouble.is_failure) {
        is_whole_ = false;
        session_.report_failure(Error(ErrorCode::io, trouble.reason));
      } else {
        session_.terminal().say(fmt::format("Left out {}: {}.\n", trouble.path, trouble.reason));
      }
    }
  }

  Session& session_;
  LocalWalk walk_;
  std::vector<LocalWalk::Entry> entries_;
  std::size_t next_ = 0;
  bool has_ended_ = false;
  bool is_whole_ = true;
  SyncEntry entry_;
};

class RemoteSide final : public SyncSide {
 public:
  RemoteSide(NodeClient& node, const Place& place)
      : prefix_(as_folder(place.key)),
        list_(node, {.bucket = place.bucket, .prefix = prefix_, .with_fields = true}) {}

  Task<Result<const SyncEntry*>> current() override {
    while (next_ == page_.objects.size() && !has_ended_) {
      CO_TRY_LET(auto page, co_await list_.next());
      has_ended_ = !page;
      page_ = page ? std::move(*page) : node::ObjectPage();
      next_ = 0;
    }
    if (has_ended_) co_return nullptr;
    const node::ObjectReport& object = page_.objects[next_];
    entry_ = {.path = object.key.substr(prefix_.size()),
              .size = object.size,
              .modified = object.modified,
              .is_modified_kept = false,
              .etag = object.etag};
    for (const auto& [name, value] : object.fields) {
      if (name != modified_field) continue;
      const auto kept = node::from_decimal_seconds(value);
      if (kept) {
        entry_.modified = *kept;
        entry_.is_modified_kept = true;
      }
    }
    co_return &entry_;
  }

  void advance() override { ++next_; }

 private:
  std::string prefix_;
  RemoteList list_;
  node::ObjectPage page_;
  std::size_t next_ = 0;
  bool has_ended_ = false;
  SyncEntry entry_;
};

// Whether a folder is there; a target that is not is made, a source that is not is an error.
Task<Result<bool>> has_folder(Session& session, const std::string& path) {
  auto facts = co_await session.workers().call([&path] { return look_at(path, true); });
  if (!facts && facts.error().code() == ErrorCode::not_found) co_return false;
  CO_TRY_LET(const FileFacts found, std::move(facts));
  if (found.kind != FileKind::folder) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("{} is not a folder. For single files: holdfast cp", path));
  }
  co_return true;
}

// Not every file's name can be a key, nor every key a file's name.
Result<void> judge_name(const std::string& path, const std::string& key, bool is_upload) {
  if (is_upload) return node::judge_key(key);
  TRY(relative_path(path, ""));
  return {};
}

}  // namespace

// A bucket may be empty. A folder in one that holds nothing does not exist: its name is mistyped,
// and --delete would empty the target.
Task<Result<void>> SyncRun::check_source(const Place& from) {
  if (from.key.empty()) co_return Result<void>();
  RemoteSide there(node_, from);
  CO_TRY_LET(const SyncEntry* first, co_await there.current());
  if (first == nullptr) {
    co_return fail(ErrorCode::not_found, fmt::format("There is nothing at {}.", to_string(from)));
  }
  co_return Result<void>();
}

Task<Result<void>> SyncRun::compare(Place from, Place to) {
  Place& local = from.is_remote ? to : from;
  const Place& remote = from.is_remote ? from : to;
  if (from.is_remote) {
    CO_TRY(co_await check_source(from));
  }
  CO_TRY_LET(const bool is_there, co_await has_folder(session_, local.path));
  local.path = as_folder(local.path);
  if (!is_there && !from.is_remote) {
    co_return fail(ErrorCode::not_found, fmt::format("There is no folder {}.", local.path));
  }
  if (!is_there) {
    CO_TRY(co_await session_.workers().call(
        [&local] { return make_folders(local.path.substr(0, local.path.size() - 1)); }));
  }
  const bool removes_stale = from.is_remote && !wish_.transfer.is_dry;
  LocalSide here(session_, local.path, wish_.is_following, removes_stale);
  RemoteSide there(node_, remote);
  SyncSide& source = from.is_remote ? static_cast<SyncSide&>(there) : here;
  SyncSide& target = from.is_remote ? static_cast<SyncSide&>(here) : there;
  for (;;) {
    CO_TRY_LET(const SyncEntry* a, co_await source.current());
    CO_TRY_LET(const SyncEntry* b, co_await target.current());
    if (a == nullptr && b == nullptr) break;
    const int order = a == nullptr ? 1 : b == nullptr ? -1 : a->path.compare(b->path);
    if (order <= 0) {
      co_await move(from, to, *a, order == 0 ? b : nullptr);
      source.advance();
    } else if (wish_.is_deleting) {
      extra_.push_back(b->path);
    }
    if (order >= 0) target.advance();
  }
  if (same_ > 0) session_.report_success();
  if (!extra_.empty() && !here.is_whole()) {
    session_.report_failure(
        Error(ErrorCode::io, "Nothing was removed, because not all of the source could be read."));
    extra_.clear();
  }
  co_await remove(to);
  co_return Result<void>();
}

bool SyncRun::is_same(const SyncEntry& source, const SyncEntry& target, bool is_upload) const {
  if (source.size != target.size) return false;
  if (wish_.is_checking) return false;  // The transfer compares contents.
  const SyncEntry& file = is_upload ? source : target;
  const SyncEntry& object = is_upload ? target : source;
  const Duration apart = file.modified.since_epoch - object.modified.since_epoch;
  if (object.is_modified_kept) return std::abs(apart.count()) < time_tolerance.count();
  // Written over S3: a file that changed later is newer; one fetched later is the object itself.
  return is_upload ? apart.count() <= 0 : apart.count() >= 0;
}

Task<void> SyncRun::move(const Place& from, const Place& to, const SyncEntry& source,
                         const SyncEntry* target) {
  const bool is_upload = to.is_remote;
  if (!is_upload && source.path.ends_with('/')) {
    if (const auto judged = judge_content(source.path, source.size); !judged) {
      session_.report_failure(Error(judged.error()).within("Left out " + source.path));
    }
    co_return;
  }
  if (target != nullptr && is_same(source, *target, is_upload)) {
    ++same_;
    co_return;
  }
  const Place& local = is_upload ? from : to;
  const Place& remote = is_upload ? to : from;
  Job job;
  job.kind = is_upload ? Job::Kind::upload : Job::Kind::download;
  job.path = local.path + source.path;
  job.bucket = remote.bucket;
  job.key = as_folder(remote.key) + source.path;
  job.size = source.size;
  if (wish_.is_checking && target != nullptr && source.size == target->size) {
    job.unless_etag = is_upload ? target->etag : source.etag;
  }
  if (const auto judged = judge_name(source.path, job.key, is_upload); !judged) {
    session_.report_failure(Error(judged.error()).within("Left out " + source.path));
    co_return;
  }
  co_await transfer_.add(std::move(job));
}

Task<void> SyncRun::remove(const Place& to) {
  for (std::string& path : extra_) {
    Job job;
    job.kind = to.is_remote ? Job::Kind::remove_object : Job::Kind::remove_file;
    job.bucket = to.bucket;
    job.key = as_folder(to.key) + path;
    job.path = to.path + path;
    job.top = to.path;
    co_await transfer_.add(std::move(job));
  }
}

SyncCounts SyncRun::counts(const Transfer& transfer) const {
  return {.moved = transfer.moved_count(),
          .bytes = transfer.moved_bytes(),
          .same = same_ + transfer.same_count(),
          .removed = transfer.removed_count()};
}

}  // namespace holdfast::cli
