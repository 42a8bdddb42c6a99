#include "cli/session/streams.h"

#include "cli/session/content_type.h"
#include "cli/session/local_files.h"

#include <optional>

namespace holdfast::cli {
namespace {

constexpr std::size_t piece_bytes = 1 * mib;
constexpr std::size_t answer_bytes_max = 1 * mib;

// Reads and writes block, so both happen on other threads.
class Stream {
 public:
  enum class Way { in, out };

  static Task<Result<Stream>> open(Session& session, const std::string& path, Way way) {
    Stream stream(session);
    if (path == standard_stream) co_return stream;
    CO_TRY_LET(LocalFile file, co_await session.workers().call([&path, way] {
      return way == Way::in ? LocalFile::open(path) : LocalFile::open_to_write(path);
    }));
    stream.file_.emplace(std::move(file));
    co_return stream;
  }

  Task<Result<std::size_t>> read(MutableByteView into) {
    return session_->workers().call(
        [this, into] { return file_ ? file_->read(into) : session_->terminal().read(into); });
  }
  Task<Result<void>> write(ByteView bytes) {
    return session_->workers().call(
        [this, bytes] { return file_ ? file_->write(bytes) : session_->terminal().print(bytes); });
  }
  Result<void> end() { return file_ ? Result<void>() : session_->terminal().flush(); }

 private:
  explicit Stream(Session& session) : session_(&session) {}

  Session* session_;
  std::optional<LocalFile> file_;  // None: the standard stream.
};

}  // namespace

net::ClientRequest put_request(const std::string& bucket, const std::string& key) {
  net::ClientRequest request;
  request.method = "PUT";
  request.target = target_of("objects", bucket, key);
  if (const auto type = content_type_of(key); !type.empty()) {
    request.headers.add("content-type", std::string(type));
  }
  return request;
}

Task<Result<void>> upload_stream(Session& session, NodeClient& node, const std::string& path,
                                 const std::string& bucket, const std::string& key) {
  CO_TRY_LET(Stream stream, co_await Stream::open(session, path, Stream::Way::in));
  net::ClientRequest request = put_request(bucket, key);
  request.body_source = [&stream](MutableByteView into) { return stream.read(into); };
  CO_TRY_LET(const auto response, co_await node.open(std::move(request)));
  CO_TRY(co_await net::Client::read_all(*response, answer_bytes_max));
  co_return Result<void>();
}

// The object first: what is not there opens, and empties, nothing.
Task<Result<void>> download_stream(Session& session, NodeClient& node, const std::string& bucket,
                                   const std::string& key, const std::string& path) {
  net::ClientRequest request;
  request.target = target_of("objects", bucket, key);
  CO_TRY_LET(const auto response, co_await node.open(std::move(request)));
  CO_TRY_LET(Stream stream, co_await Stream::open(session, path, Stream::Way::out));
  Bytes piece(piece_bytes);
  for (;;) {
    CO_TRY_LET(const std::size_t count, co_await response->read(piece));
    if (count == 0) co_return stream.end();
    CO_TRY(co_await stream.write(ByteView(piece).first(count)));
  }
}

}  // namespace holdfast::cli
