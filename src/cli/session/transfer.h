// Transfer carries out what cp, mv, rm and sync have found to do, several things at a time.
//
// A job that fails is told and counted, and does not stop the others, unless no node is there any
// more: what is left is then only counted. Memory is bounded: a queue of
// jobs, and one piece of content for each job at work.
#pragma once

#include "base/sync.h"
#include "base/time.h"
#include "cli/session/progress.h"
#include "cli/session/session.h"
#include "cli/session/temporaries.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cli {

// The field that holds a file's time of change, as tools on S3 have it: in decimal seconds.
inline constexpr std::string_view modified_field = "x-amz-meta-mtime";

struct Job {
  enum class Kind { upload, download, copy, rename, remove_object, remove_file };

  Kind kind = Kind::upload;
  std::string path;    // The file here.
  std::string bucket;  // The object there: what is written, or read, or removed.
  std::string key;
  std::string from_bucket;  // What is copied or renamed to it.
  std::string from_key;
  std::uint64_t size = 0;   // As far as known.
  std::string unless_etag;  // Nothing is moved if the file's content has this ETag.
  std::string top;          // remove_file: folders below it go too when they become empty.
};

inline constexpr std::uint64_t transfer_jobs_standard = 16;
inline constexpr std::uint64_t transfer_jobs_max = 64;

struct TransferOptions {
  std::uint64_t jobs = transfer_jobs_standard;  // At a time.
  bool is_dry = false;                          // Only tell what would be done.
  bool is_told = false;                         // Tell each thing done.
  bool is_quiet = false;                        // No progress.
};

// By which a command is told of them; `options` is their target.
std::vector<tree::Option> transfer_options(TransferOptions& options);

class Transfer {
 public:
  // All must outlive it. finish() must have returned before it goes.
  Transfer(Session& session, NodeClient& node, TransferOptions options);

  // Waits while many are queued.
  Task<void> add(Job job);

  // Returns when all that was added is done. For good.
  Task<void> finish();

  Progress& progress() { return progress_; }
  std::uint64_t done_count() const { return moved_ + removed_; }
  std::uint64_t moved_count() const { return moved_; }
  std::uint64_t moved_bytes() const { return moved_bytes_; }
  std::uint64_t removed_count() const { return removed_; }
  std::uint64_t same_count() const { return same_; }  // By their ETags.
  std::uint64_t failed_count() const { return failed_; }

 private:
  Task<void> run();
  Task<void> carry_out(const Job& job);
  Task<Result<void>> attempt(const Job& job);
  Task<Result<void>> copy(const Job& job);
  Task<Result<void>> remove_object(const Job& job);
  Task<Result<bool>> is_content_same(const Job& job);
  Task<Result<void>> upload(const Job& job);
  Task<Result<void>> upload_small(const Job& job);
  Task<Result<void>> upload_large(const Job& job);
  Task<Result<void>> download(const Job& job);
  void count(const Job& job);
  void fail_job(const Job& job, Error error);
  void tell(const Job& job);

  Session& session_;
  NodeClient& node_;
  TransferOptions options_;
  Progress progress_;
  std::deque<Job> queue_;
  bool is_ending_ = false;
  Temporaries temporaries_;
  WaitList work_;  // Where runners wait for jobs.
  WaitList room_;  // Where add() waits.
  TaskGroup runners_;
  std::uint64_t moved_ = 0;
  std::uint64_t moved_bytes_ = 0;
  std::uint64_t removed_ = 0;
  std::uint64_t same_ = 0;
  std::uint64_t failed_ = 0;
  bool is_node_lost_ = false;
  std::uint64_t untried_ = 0;  // Since then.
};

}  // namespace holdfast::cli
