#include "cli/copy.h"

#include "cli/session/format.h"
#include "cli/session/local_files.h"
#include "cli/session/place.h"
#include "cli/session/remote_list.h"
#include "cli/session/streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace holdfast::cli {
namespace {

constexpr std::size_t walk_batch = 1000;

std::string join(const std::string& folder, std::string_view name) {
  if (folder.empty() || folder.ends_with('/')) return folder + std::string(name);
  return folder + "/" + std::string(name);
}

std::unexpected<Error> needs_recursive(const CopyWish& wish, const std::string& place) {
  return fail(ErrorCode::invalid,
              fmt::format("{0} is a folder. To {1} it with all that is in it, add -r.", place,
                          wish.is_move ? "move" : "copy"));
}

// One run: the jobs that the sources come to.
class Copy {
 public:
  Copy(Session& session, NodeClient& node, const CopyWish& wish, Place target, bool is_folder,
       Transfer& transfer)
      : session_(session),
        node_(node),
        wish_(wish),
        target_(std::move(target)),
        is_folder_(is_folder),
        transfer_(transfer) {}

  Task<Result<void>> add(const Place& source) {
    return source.is_remote ? add_remote(source) : add_local(source);
  }

  // What is to be removed once all of a move has gone well.
  std::vector<Job> take_left_over() { return std::move(left_over_); }

 private:
  Task<Result<void>> add_local(const Place& source) {
    CO_TRY_LET(const FileFacts facts,
               co_await session_.workers().call([&source] { return look_at(source.path, true); }));
    if (facts.kind == FileKind::folder) {
      if (!wish_.is_recursive) co_return needs_recursive(wish_, source.path);
      co_return co_await add_local_folder(source);
    }
    if (facts.kind != FileKind::file) {
      co_return fail(ErrorCode::invalid, source.path + " is neither a file nor a folder.");
    }
    co_await add_upload(source.path, facts.size,
                        is_folder_ ? join(target_.key, last_name(source.path)) : target_.key);
    co_return Result<void>();
  }

  Task<Result<void>> add_local_folder(const Place& source) {
    const std::string_view name = last_name(source.path);
    const bool is_named = is_folder_ && !source.path.ends_with('/') && name != "." && name != "..";
    const std::string below = as_folder(is_named ? join(target_.key, name) : target_.key);
    LocalWalk walk(source.path, false);
    for (;;) {
      const auto entries =
          co_await session_.workers().call([&walk] { return walk.next(walk_batch); });
      for (const LocalWalk::Trouble& trouble : walk.take_troubles()) {
        if (trouble.is_failure) {
          session_.report_failure(Error(ErrorCode::io, trouble.reason));
        } else {
          session_.terminal().say(
              fmt::format("Left out {}: {}.\n", join(source.path, trouble.path), trouble.reason));
        }
      }
      if (entries.empty()) co_return Result<void>();
      for (const LocalWalk::Entry& entry : entries) {
        co_await add_upload(join(source.path, entry.path), entry.facts.size, below + entry.path);
      }
    }
  }

  Task<void> add_upload(std::string path, std::uint64_t size, std::string key) {
    Job job;
    job.kind = Job::Kind::upload;
    job.path = std::move(path);
    job.bucket = target_.bucket;
    job.key = std::move(key);
    job.size = size;
    return transfer_.add(std::move(job));
  }

  Task<Result<void>> add_remote(const Place& source) {
    if (!source.is_folder_like()) {
      auto object = co_await find_object(node_, source.bucket, source.key);
      if (object) {
        co_await add_object(source.bucket, *object,
                            is_folder_ ? join(root(), last_name(source.key)) : root());
        co_return Result<void>();
      }
      if (object.error().code() != ErrorCode::not_found) {
        co_return std::unexpected(std::move(object).error());
      }
      if (!wish_.is_recursive) {
        CO_TRY_LET(const bool is_folder,
                   co_await has_any(node_, source.bucket, as_folder(source.key)));
        if (is_folder) co_return needs_recursive(wish_, to_string(source));
        co_return std::unexpected(std::move(object).error());
      }
    } else if (!wish_.is_recursive) {
      co_return co_await add_named_as_folder(source);
    }
    co_return co_await add_remote_folder(source);
  }

  // An object with content whose key ends as a folder's name does. One without content stands for
  // the folder.
  Task<Result<void>> add_named_as_folder(const Place& source) {
    if (source.key.empty()) co_return needs_recursive(wish_, to_string(source));
    auto object = co_await find_object(node_, source.bucket, source.key);
    const bool is_missing = !object && object.error().code() == ErrorCode::not_found;
    if (is_missing || (object && object->size == 0)) {
      co_return needs_recursive(wish_, to_string(source));
    }
    CO_TRY_LET(const node::ObjectReport found, std::move(object));
    std::string name(last_name(source.key));
    if (target_.is_remote) name += '/';
    co_await add_object(source.bucket, found, is_folder_ ? join(root(), name) : root());
    co_return Result<void>();
  }

  Task<Result<void>> add_remote_folder(const Place& source) {
    const std::string from = as_folder(source.key);
    const bool is_named = is_folder_ && !source.is_folder_like();
    const std::string to =
        join(root(), is_named ? std::string(last_name(source.key)) + "/" : std::string());
    CO_TRY(judge_folders(source, from, to));
    RemoteList list(node_, {.bucket = source.bucket, .prefix = from});
    bool is_empty = true;
    for (;;) {
      CO_TRY_LET(const auto page, co_await list.next());
      if (!page) break;
      is_empty = is_empty && page->objects.empty();
      for (const node::ObjectReport& object : page->objects) {
        if (target_.is_remote) {
          co_await add_to_remote(source, object, from, to);
        } else {
          co_await add_to_local(source, object, from, to);
        }
      }
    }
    if (is_empty) {
      co_return fail(ErrorCode::not_found,
                     fmt::format("There is nothing at {}.", to_string(source)));
    }
    co_return Result<void>();
  }

  // A folder that becomes one in itself would have no end.
  Result<void> judge_folders(const Place& source, const std::string& from,
                             const std::string& to) const {
    if (!is_same_bucket(source) || !to.starts_with(from)) return {};
    if (to == from) {
      return fail(ErrorCode::invalid, fmt::format("{} is there already.", to_string(source)));
    }
    return fail(ErrorCode::invalid,
                fmt::format("{} cannot be {} into itself, to {}.", to_string(source),
                            wish_.is_move ? "moved" : "copied", to_string(target_)));
  }

  Task<void> add_to_remote(const Place& source, const node::ObjectReport& object,
                           const std::string& from, const std::string& to) {
    const std::string key = to + object.key.substr(from.size());
    if (key.empty()) {
      take_mark(source.bucket, object);
    } else if (is_same_bucket(source) && key.starts_with(from)) {
      // What lies there may not have been taken yet, and would be lost.
      session_.report_failure(
          Error(ErrorCode::invalid,
                fmt::format("Left out {}: its new key, {}, is one of those that are being {}.",
                            object.key, key, wish_.is_move ? "moved" : "copied")));
    } else {
      co_await add_object(source.bucket, object, key);
    }
  }

  Task<void> add_to_local(const Place& source, const node::ObjectReport& object,
                          const std::string& from, const std::string& to) {
    if (object.key.ends_with('/')) {
      if (const auto judged = judge_content(object.key, object.size); !judged) {
        session_.report_failure(Error(judged.error()).within("Left out " + object.key));
      }
    } else if (const auto path = relative_path(object.key, from); !path) {
      session_.report_failure(path.error());
    } else {
      co_await add_object(source.bucket, object, to + *path);
    }
  }

  // What stands for a folder that becomes a whole bucket: the bucket needs nothing to stand for it.
  void take_mark(const std::string& bucket, const node::ObjectReport& object) {
    if (object.size > 0) {
      session_.report_failure(
          Error(ErrorCode::invalid,
                fmt::format("Left out {}: it has {} bytes of content, and no name would be left.",
                            object.key, object.size)));
    } else if (wish_.is_move) {
      Job job;
      job.kind = Job::Kind::remove_object;
      job.bucket = bucket;
      job.key = object.key;
      left_over_.push_back(std::move(job));
    }
  }

  // `to`: its key or path.
  Task<void> add_object(const std::string& bucket, const node::ObjectReport& object,
                        std::string to) {
    Job job;
    job.size = object.size;
    if (target_.is_remote) {
      job.kind = wish_.is_move ? Job::Kind::rename : Job::Kind::copy;
      job.bucket = target_.bucket;
      job.key = std::move(to);
      job.from_bucket = bucket;
      job.from_key = object.key;
    } else {
      job.kind = Job::Kind::download;
      job.bucket = bucket;
      job.key = object.key;
      job.path = std::move(to);
    }
    return transfer_.add(std::move(job));
  }

  const std::string& root() const { return target_.is_remote ? target_.key : target_.path; }
  bool is_same_bucket(const Place& source) const {
    return target_.is_remote && source.bucket == target_.bucket;
  }

  Session& session_;
  NodeClient& node_;
  const CopyWish& wish_;
  Place target_;
  bool is_folder_;
  Transfer& transfer_;
  std::vector<Job> left_over_;
};

// Whether what is copied goes below the target, under its own name.
Task<Result<bool>> is_target_folder(Session& session, const CopyWish& wish, const Place& target) {
  const bool is_meant = target.is_folder_like() || wish.sources.size() > 1;
  if (target.is_remote) co_return is_meant;
  const auto facts =
      co_await session.workers().call([&target] { return look_at(target.path, true); });
  if (is_meant && facts && facts->kind != FileKind::folder) {
    co_return fail(ErrorCode::invalid, target.path + " is not a folder.");
  }
  co_return is_meant || (facts && facts->kind == FileKind::folder);
}

Result<void> judge(const CopyWish& wish, const std::vector<Place>& sources, const Place& target) {
  for (const Place& source : sources) {
    if (wish.is_move && (!source.is_remote || !target.is_remote)) {
      return fail(ErrorCode::unsupported,
                  "mv moves objects, from hf:// to hf://. Between here and there, copy with "
                  "`holdfast cp` and remove the original then.");
    }
    if (!source.is_remote && !target.is_remote) {
      return fail(ErrorCode::invalid,
                  fmt::format("Neither {} nor {} is in Holdfast. A place there is hf://BUCKET/KEY.",
                              source.path, target.path));
    }
  }
  return {};
}

// A standard stream, or what is read and written like one. What lies in /dev may be called a file,
// and is the standard output, say.
Task<Result<bool>> is_stream(Session& session, const Place& place) {
  if (place.is_remote) co_return false;
  if (place.path == standard_stream) co_return true;
  const auto facts =
      co_await session.workers().call([&place] { return look_at(place.path, true); });
  co_return facts && facts->kind != FileKind::folder &&
      (facts->kind == FileKind::other || place.path.starts_with("/dev/"));
}

// To or from a stream: one object only. Returns whether it was that.
Task<Result<bool>> copy_stream(Session& session, NodeClient& node, const CopyWish& wish,
                               const std::vector<Place>& sources, const Place& target) {
  const Place& source = sources.front();
  if (sources.size() > 1) co_return false;
  CO_TRY_LET(const bool is_output, co_await is_stream(session, target));
  CO_TRY_LET(const bool is_input, co_await is_stream(session, source));
  if (!is_output && !is_input) co_return false;
  if (is_input && target.is_folder_like()) {
    co_return fail(ErrorCode::invalid, fmt::format("What is piped has no name; give it one: {}NAME",
                                                   to_string(target)));
  }
  if (is_output && source.key.empty()) co_return needs_recursive(wish, to_string(source));
  if (wish.transfer.is_dry) {
    CO_TRY(session.terminal().print(
        session.terminal().shown(fmt::format("would {} {} to {}", is_input ? "upload" : "download",
                                             to_string(source), to_string(target)))));
    CO_TRY(session.terminal().print("\n"));
  } else if (is_output) {
    CO_TRY(co_await download_stream(session, node, source.bucket, source.key, target.path));
  } else {
    CO_TRY(co_await upload_stream(session, node, source.path, target.bucket, target.key));
  }
  co_return true;
}

Task<void> carry_out(Session& session, NodeClient& node, const TransferOptions& options,
                     std::vector<Job> jobs) {
  if (jobs.empty()) co_return;
  Transfer transfer(session, node, options);
  for (Job& job : jobs) co_await transfer.add(std::move(job));
  co_await transfer.finish();
}

}  // namespace

std::vector<tree::Option> copy_options(CopyWish& wish) {
  std::vector<tree::Option> options{{.name = "recursive",
                                     .letter = 'r',
                                     .help = "Take folders, with all that is in them",
                                     .target = &wish.is_recursive}};
  std::ranges::move(transfer_options(wish.transfer), std::back_inserter(options));
  return options;
}

Task<Result<void>> copy(Session& session, const CopyWish& wish) {
  CO_TRY_LET(const Place target, parse_place(wish.target));
  std::vector<Place> sources;
  for (const std::string& text : wish.sources) {
    CO_TRY_LET(Place source, parse_place(text));
    sources.push_back(std::move(source));
  }
  CO_TRY(judge(wish, sources, target));
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const bool is_done, co_await copy_stream(session, *node, wish, sources, target));
  if (is_done) co_return Result<void>();

  CO_TRY_LET(const bool is_folder, co_await is_target_folder(session, wish, target));
  if (target.is_remote) {
    // Told once, if the bucket is missing, and not for each object.
    CO_TRY(co_await has_any(*node, target.bucket, target.key));
  }
  Transfer transfer(session, *node, wish.transfer);
  Copy run(session, *node, wish, target, is_folder, transfer);
  Result<void> added;
  for (const Place& source : sources) {
    added = co_await run.add(source);
    if (added) continue;
    if (sources.size() == 1) break;
    session.report_failure(added.error());
    added = Result<void>();
  }
  co_await transfer.finish();
  if (added && !session.failure()) {
    co_await carry_out(session, *node, wish.transfer, run.take_left_over());
  }
  co_return added;
}

}  // namespace holdfast::cli
