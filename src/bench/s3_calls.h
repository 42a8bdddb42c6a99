// S3Calls: the requests of S3 that a load is made of, for any server that speaks it.
//
// Every call returns how many bytes of objects it moved, or why it failed: with the S3 code of the
// answer, where there is one. Path style; one object serves any number of coroutines of one loop.
#pragma once

#include "bench/payload.h"
#include "bench/signer.h"
#include "env/clock.h"
#include "net/client.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast::bench {

// How the bodies of uploads are protected.
enum class Protection : std::uint8_t {
  none,    // UNSIGNED-PAYLOAD
  hash,    // Their SHA-256 is part of the request's signature.
  chunks,  // Sent in chunks, each signed.
};

struct Target {
  std::string endpoint;  // "http://127.0.0.1:9000"
  Credentials credentials;
  std::string bucket;
  std::string ca_file = {};
  bool verify_peer = true;
};

// What an upload sends.
struct Content {
  Payload payload;
  std::uint64_t size = 0;
};

class S3Calls {
 public:
  S3Calls(boost::asio::any_io_executor executor, const env::Clock& clock, Target target,
          std::size_t concurrency);

  // Content with a bucket of that name that is ours already.
  Task<Result<void>> create_bucket();

  Task<Result<std::uint64_t>> put(std::string key, Content content, Protection protection);
  // The body must be as long as `expected`; with `compares` each byte must be the same.
  Task<Result<std::uint64_t>> get(std::string key, Content expected, bool compares);
  Task<Result<std::uint64_t>> stat(std::string key);
  Task<Result<std::uint64_t>> remove(std::string key);

  // Up to 1,000 keys below `prefix` that follow `after`.
  struct Page {
    std::uint64_t count = 0;
    std::string last;  // Empty: no more follow.
  };
  Task<Result<Page>> list(std::string prefix, std::string after);

  // Creates an upload, sends its parts one after the other, completes it.
  Task<Result<std::uint64_t>> put_in_parts(std::string key, Content content,
                                           std::uint64_t part_bytes, Protection protection);

 private:
  struct Answer {
    std::string body;
    std::string etag;
  };

  // A place in the bucket, percent-encoded.
  std::string target_of(std::string_view key, std::string_view query = {}) const;

  // Signs and sends; an answer that is no success becomes an Error.
  Task<Result<std::unique_ptr<net::ClientResponse>>> send(net::ClientRequest request,
                                                          std::string hash);
  Task<Result<Answer>> exchange(net::ClientRequest request, std::string hash);
  // `offset`: where in the payload the body begins.
  Task<Result<Answer>> upload(std::string target, Payload payload, std::uint64_t offset,
                              std::uint64_t size, Protection protection);

  const env::Clock& clock_;
  std::string bucket_;
  Signer signer_;
  net::Client client_;
};

}  // namespace holdfast::bench
