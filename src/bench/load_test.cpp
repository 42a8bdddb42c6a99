// The load generator against a small S3 of its own, which judges signatures as the gateway does.
#include "bench/load.h"

#include "base/hex.h"
#include "env/linux/clock.h"
#include "env/linux/random.h"
#include "gateway/s3/protocol/chunked_body.h"
#include "net/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace holdfast::bench {
namespace {

constexpr std::string_view secret = "a-secret";

class SmallS3 {
 public:
  explicit SmallS3(const env::Clock& clock) : clock_(clock) {}

  std::map<std::string, std::string> objects;  // By path; buckets too.
  std::map<std::string, std::string> parts;    // By upload and number.
  std::map<std::string, int> asked;            // By method.
  int failures_left = 0;
  bool flips_a_bit = false;

  Task<void> answer(net::Exchange& exchange) {
    std::string body;
    std::array<std::byte, 4096> piece;
    for (;;) {
      const auto got = co_await exchange.read(piece);
      if (!got || *got == 0) break;
      body += as_text(ByteView(piece).first(*got));
    }
    const auto target = s3::parse_target(exchange.request(), {}).value();
    net::ResponseHead head;
    ++asked[exchange.request().method];
    std::string answer;
    if (!accept(exchange.request(), target, body)) {
      head.status = 403;
      answer = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
    } else if (failures_left > 0 && !target.key.empty()) {
      --failures_left;
      head.status = 503;
      answer = "<Error><Code>SlowDown</Code></Error>";
    } else {
      answer = serve(exchange.request().method, target, std::move(body), head);
    }
    (void)co_await exchange.respond(std::move(head), std::move(answer));
  }

 private:
  // Judges the signature, and puts the plain body in the place of a coded one.
  bool accept(const net::Request& request, const s3::Target& target, std::string& body) {
    const auto claimed = s3::read_authorization(request, target, "us-east-1", clock_.wall_now());
    if (!claimed || !*claimed) return false;
    const s3::Authorization& authorization = **claimed;
    const auto key = s3::derive_signing_key(secret, authorization.date, "us-east-1");
    if (!s3::verify(authorization, request, target, key)) return false;
    if (authorization.payload == s3::Payload::hashed) {
      return authorization.payload_hash == payload_hash(as_bytes(body));
    }
    if (authorization.payload != s3::Payload::signed_chunks) return true;
    s3::ChunkSignatures signatures(authorization, key);
    s3::ChunkedDecoder decoder(authorization.payload);
    codec::Sha256 hash;
    std::string plain;
    ByteView coded = as_bytes(body);
    while (!decoder.is_done()) {
      const auto piece = decoder.next(coded);
      if (!piece || !*piece) return false;
      plain += as_text((*piece)->bytes);
      hash.update((*piece)->bytes);
      const bool ends_chunk = (*piece)->kind == s3::ChunkedDecoder::Kind::chunk_end;
      if (ends_chunk && !signatures.verify_chunk((*piece)->signature, hash.finish())) return false;
    }
    body = std::move(plain);
    return coded.empty() &&
           std::to_string(body.size()) == request.headers.find("x-amz-decoded-content-length");
  }

  std::string serve(std::string_view method, const s3::Target& target, std::string body,
                    net::ResponseHead& head) {
    const auto upload = target.query.find("uploadId");
    if (target.query.contains("list-type")) return list(target);
    if (target.query.contains("uploads")) {
      return "<InitiateMultipartUploadResult><UploadId>u+1/=</UploadId>"
             "</InitiateMultipartUploadResult>";
    }
    if (method == "PUT" && upload) {
      EXPECT_EQ(*upload, "u+1/=");
      const std::string number(target.query.find("partNumber").value());
      parts[target.path + "?" + number] = std::move(body);
      head.headers.add("ETag", "\"etag-" + number + "\"");
      return {};
    }
    if (method == "POST") return complete(target.path, body);
    if (method == "PUT") {
      objects[target.path] = std::move(body);
      return {};
    }
    if (method == "DELETE") {
      objects.erase(target.path);
      head.status = 204;
      return {};
    }
    const auto found = objects.find(target.path);
    if (found == objects.end()) {
      head.status = 404;
      return "<Error><Code>NoSuchKey</Code></Error>";
    }
    std::string content = found->second;
    if (flips_a_bit && !content.empty()) content.back() ^= 1;
    return content;
  }

  std::string complete(const std::string& path, const std::string& body) {
    std::string whole;
    for (int number = 1; parts.contains(fmt::format("{}?{}", path, number)); ++number) {
      EXPECT_TRUE(body.contains(
          fmt::format("<PartNumber>{0}</PartNumber><ETag>\"etag-{0}\"</ETag>", number)));
      whole += parts.extract(fmt::format("{}?{}", path, number)).mapped();
    }
    objects[path] = whole;
    return "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>";
  }

  // Pages of four, so that there are several.
  std::string list(const s3::Target& target) {
    const std::string folder = "/" + target.bucket + "/";
    const std::string after = folder + std::string(target.query.find("start-after").value_or(""));
    std::string found;
    int count = 0;
    bool is_cut = false;
    for (auto at = objects.upper_bound(after); at != objects.end(); ++at) {
      is_cut = count == 4;
      if (is_cut) break;
      ++count;
      found += fmt::format("<Contents><Key>{}</Key></Contents>", at->first.substr(folder.size()));
    }
    return fmt::format("<ListBucketResult>{}<IsTruncated>{}</IsTruncated></ListBucketResult>",
                       found, is_cut);
  }

  const env::Clock& clock_;
};

class LoadTest : public testing::Test {
 protected:
  LoadTest() {
    options_.target.endpoint = "http://" + server_.listen("127.0.0.1:0").value();
    options_.target.credentials = {.access_key = "who", .secret_key = std::string(secret)};
    options_.target.bucket = "bucket";
    options_.concurrency = 3;
    options_.duration = Duration::zero();
    options_.objects = 10;
    options_.compares = true;
  }

  Result<Measurement> run(Operation operation, std::uint64_t size) {
    std::optional<Result<Measurement>> result;
    boost::asio::co_spawn(loop_, run_to(operation, size, result), rethrow);
    loop_.restart();
    while (!result) loop_.run_one();
    return *std::move(result);
  }

  Task<void> run_to(Operation operation, std::uint64_t size,
                    std::optional<Result<Measurement>>& result) {
    const auto load = Load::create(loop_.get_executor(), *clock_, random_, options_).value();
    result.emplace(co_await load->run(operation, size));
  }

  Task<void> answer(net::Exchange& exchange) { return s3_.answer(exchange); }

  boost::asio::io_context loop_;
  env::linux::Random random_;
  std::unique_ptr<env::linux::Clock> clock_ = env::linux::Clock::open(loop_.get_executor()).value();
  SmallS3 s3_{*clock_};
  net::Server server_{loop_.get_executor(),
                      [this](net::Exchange& exchange) { return answer(exchange); }};
  LoadOptions options_;
};

TEST_F(LoadTest, EveryOperationIsDoneAsOftenAsAskedAndLeavesNothing) {
  for (const auto operation : {Operation::put, Operation::get, Operation::mixed, Operation::stat,
                               Operation::remove, Operation::multipart}) {
    const auto measured = run(operation, 100).value();
    EXPECT_EQ(measured.all.count, 10U) << to_string(operation);
    EXPECT_EQ(measured.all.error_count(), 0U) << to_string(operation);
    EXPECT_EQ(measured.all.latency.count(), 10U);
    EXPECT_EQ(s3_.objects.size(), 1U) << to_string(operation) << " left some";  // The bucket.
  }
}

TEST_F(LoadTest, BodiesArriveWholeWhateverProtectsThem) {
  options_.keeps = true;
  for (const auto protection : {Protection::none, Protection::hash, Protection::chunks}) {
    options_.protection = protection;
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{65'536}, 3 * mib + 1}) {
      const auto put = run(Operation::put, size).value();
      EXPECT_EQ(put.all.error_count(), 0U);
      EXPECT_EQ(put.all.bytes, 10 * size);
      for (const auto& [path, content] : s3_.objects) {
        if (path != "/bucket") EXPECT_EQ(content.size(), size);
      }
    }
    const auto got = run(Operation::get, 70'000).value();  // Compared byte by byte.
    EXPECT_EQ(got.all.count, 10U);
    options_.part_bytes = 30'000;
    const auto parted = run(Operation::multipart, 70'000).value();
    EXPECT_EQ(parted.all.error_count(), 0U);
    EXPECT_EQ(s3_.objects.rbegin()->second.size(), 70'000U);
  }
}

TEST_F(LoadTest, NoObjectIsStoredTwice) {
  options_.keeps = true;
  EXPECT_EQ(run(Operation::put, 64).value().all.count, 10U);
  std::map<std::string, int> seen;
  for (const auto& [path, content] : s3_.objects) ++seen[content];
  EXPECT_EQ(run(Operation::put, 64).value().all.count, 10U);
  for (const auto& [path, content] : s3_.objects) ++seen[content];
  EXPECT_EQ(seen.size(), 21U);  // That of the bucket is empty.
}

TEST_F(LoadTest, ListingCountsTheKeysOfAllPages) {
  options_.concurrency = 1;
  options_.objects = 10;
  const auto measured = run(Operation::list, 1).value();
  EXPECT_EQ(measured.all.count, 10U);
  EXPECT_EQ(measured.all.keys, 3 * 10U + 4U);  // 4, 4 and 2 to a walk; three walks and a page.
}

TEST_F(LoadTest, FailuresAreCountedByWhatWasSaid) {
  s3_.failures_left = 4;
  const auto measured = run(Operation::put, 10).value();
  EXPECT_EQ(measured.all.count, 6U);
  EXPECT_EQ(measured.all.errors.at("503 SlowDown"), 4U);
}

TEST_F(LoadTest, WrongBytesAreFound) {
  s3_.flips_a_bit = true;
  const auto measured = run(Operation::get, 1000).value();
  EXPECT_EQ(measured.all.errors.at("wrong bytes"), 10U);
}

TEST_F(LoadTest, WrongKeysAndDeadServersAreSaid) {
  options_.target.credentials.secret_key = "another";
  const auto refused = run(Operation::put, 10);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::denied);
  EXPECT_TRUE(refused.error().context().contains("SignatureDoesNotMatch"));
  options_.target.endpoint = "http://127.0.0.1:1";
  EXPECT_EQ(run(Operation::put, 10).error().code(), ErrorCode::unavailable);
}

TEST_F(LoadTest, OptionsThatMakeNoSenseAreRefused) {
  const auto is_refused = [this](auto change) {
    LoadOptions options = options_;
    change(options);
    const auto load = Load::create(loop_.get_executor(), *clock_, random_, std::move(options));
    return !load && load.error().code() == ErrorCode::invalid;
  };
  EXPECT_TRUE(is_refused([](LoadOptions& options) { options.concurrency = 0; }));
  EXPECT_TRUE(is_refused([](LoadOptions& options) { options.compressible = 1.5; }));
  EXPECT_TRUE(is_refused([](LoadOptions& options) { options.objects = 0; }));
  EXPECT_TRUE(is_refused([](LoadOptions& options) { options.part_bytes = 0; }));
  EXPECT_TRUE(is_refused([](LoadOptions& options) { options.target.bucket.clear(); }));
}

}  // namespace
}  // namespace holdfast::bench
