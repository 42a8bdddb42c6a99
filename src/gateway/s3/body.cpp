#include "gateway/s3/body.h"

#include "base/hex.h"
#include "base/sync.h"
#include "codec/base64.h"
#include "gateway/s3/hashing.h"
#include "gateway/s3/protocol/chunked_body.h"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

constexpr std::size_t buffer_bytes_min = 1024;

// Each body has two buffers. Large ones mean fewer hops to the workers; with many bodies at a time
// they are smaller.
constexpr std::size_t large_buffer_bytes_min = 256 * kib;
constexpr std::size_t large_buffer_bytes_max = 960 * kib;
constexpr std::size_t large_buffers_bytes_max = 32 * mib;

// How far a body may run past its announced size before nobody wants to hear the rest.
constexpr std::uint64_t excess_bytes_max = 64 * kib;

S3Error explain_read(const Error& error) {
  if (error.code() == ErrorCode::invalid) return S3Error(Code::incomplete_body);
  if (error.code() == ErrorCode::timed_out) return S3Error(Code::request_timeout);
  return S3Error(error);
}

std::unexpected<S3Error> refuse_size() {
  return refuse(
      Code::incomplete_body,
      "You did not provide the number of bytes specified by the Content-Length HTTP header");
}

Outcome<void> judge_sha256(std::string_view claimed, const codec::Sha256::Value& computed) {
  const auto bytes = from_hex(claimed);
  if (bytes && std::ranges::equal(*bytes, computed)) return {};
  return refuse(S3Error(Code::content_sha256_mismatch)
                    .with("ClientComputedContentSHA256", std::string(claimed))
                    .with("S3ComputedContentSHA256", to_hex(computed)));
}

Outcome<void> judge_md5(const codec::Md5::Value& claimed, const codec::Md5::Value& computed) {
  if (claimed == computed) return {};
  return refuse(S3Error(Code::bad_digest)
                    .with("CalculatedDigest", codec::to_base64(computed))
                    .with("ExpectedDigest", to_hex(claimed)));
}

Outcome<void> judge_checksum(ChecksumKind kind, std::string_view claimed,
                             std::string_view computed) {
  if (claimed == computed) return {};
  return refuse(
      Code::bad_digest,
      fmt::format("The {} you specified did not match the calculated checksum.", name_of(kind)));
}

// One more body that wants large buffers, for as long as this lives.
class LargeBody {
 public:
  explicit LargeBody(Services& services) : services_(services) { ++services_.large_bodies; }
  LargeBody(const LargeBody&) = delete;
  LargeBody& operator=(const LargeBody&) = delete;
  ~LargeBody() { --services_.large_bodies; }

  std::size_t buffer_bytes() const {
    return std::clamp(large_buffers_bytes_max / (2 * services_.large_bodies),
                      large_buffer_bytes_min, large_buffer_bytes_max);
  }

 private:
  Services& services_;
};

// A stretch of the body: bytes as they came, and where in them the content lies.
struct Batch {
  explicit Batch(std::size_t size) : memory(size) {}

  AlignedBuffer memory;
  std::vector<HashStep> steps;
  std::vector<std::string> signatures;  // Of the chunks that end in it.
};

class Intake {
 public:
  Intake(Call& call, const catalog::Bucket& bucket, BodyClaim claim, ChecksumKind kind,
         std::optional<ChecksumKind> second)
      : call_(call),
        domain_(bucket.owner),
        claim_(std::move(claim)),
        etag_(etag_kind_of(bucket)),
        kind_(kind),
        second_(second),
        hashing_({.md5 = etag_ == ETagKind::md5 || claim_.md5.has_value(),
                  .blake3 = etag_ == ETagKind::blake3,
                  .sha256 = has_hash(call.authorization.payload),
                  .checksum = kind,
                  .second = second}) {
    if (is_chunked()) decoder_.emplace(payload());
    if (has_hash(payload()) && decoder_) {
      signatures_.emplace(call.authorization, call.signing_key);
    }
  }

  Task<Outcome<Received>> run() {
    CO_TRY_LET(auto writer, co_await call_.services.vault.open_writer(domain_));
    CO_TRY(co_await pump(*writer));
    CO_TRY(judge());
    Received received;
    CO_TRY_LET(received.content, co_await writer->finish());
    received.checksum = {kind_, checksum_};
    if (second_) received.second = {*second_, hashing_.finish_second()};
    received.etag = etag_ == ETagKind::md5 ? to_hex(*md5_) : hashing_.finish_blake3_etag();
    co_return received;
  }

 private:
  static bool has_hash(Payload payload) {
    return payload != Payload::not_signed && payload != Payload::chunks_with_trailer;
  }
  Payload payload() const { return call_.authorization.payload; }
  bool is_chunked() const {
    return payload() != Payload::hashed && payload() != Payload::not_signed;
  }
  bool is_inline() const { return claim_.size <= inline_body_bytes_max; }

  std::size_t buffer_size() {
    const auto raw = call_.request().content_length.value_or(large_buffer_bytes_max);
    if (raw <= large_buffer_bytes_min) {
      return static_cast<std::size_t>(std::max<std::uint64_t>(raw, buffer_bytes_min));
    }
    large_.emplace(call_.services);
    return large_->buffer_bytes();
  }

  Task<Outcome<void>> pump(vault::ContentWriter& writer);
  Task<Outcome<void>> fill(Batch& batch);
  Outcome<void> take(Batch& batch, ByteView bytes);
  Task<Outcome<void>> write(vault::ContentWriter& writer, const Batch& batch);
  Task<void> hash_signature(const Batch& batch);
  Task<void> hash_content(const Batch& batch);
  Outcome<void> verify_chunks(const Batch& batch);
  Outcome<void> judge();
  Outcome<void> judge_trailer();

  Call& call_;
  std::uint64_t domain_;  // Within which equal bytes are stored once.
  BodyClaim claim_;
  ETagKind etag_;
  ChecksumKind kind_;
  std::optional<ChecksumKind> second_;
  Hashing hashing_;
  std::optional<ChunkedDecoder> decoder_;
  std::optional<ChunkSignatures> signatures_;
  TaskGroup hashes_;
  std::optional<LargeBody> large_;
  bool has_ended_ = false;
  std::uint64_t size_ = 0;  // Of the content so far.
  std::optional<codec::Md5::Value> md5_;
  std::string checksum_;
};

// Hashes of one stretch are made while the vault takes it and the next one arrives.
Task<Outcome<void>> Intake::pump(vault::ContentWriter& writer) {
  const auto executor = co_await boost::asio::this_coro::executor;
  Batch first(buffer_size());
  CO_TRY(co_await fill(first));
  if (is_inline() && has_ended_) {
    if (hashing_.has_signature()) hashing_.run_signature(first.steps);
    hashing_.run_content(first.steps);
    CO_TRY(verify_chunks(first));
    co_return co_await write(writer, first);
  }
  Batch second(first.memory.size());
  Batch* current = &first;
  Batch* next = &second;
  while (!current->steps.empty()) {
    if (hashing_.has_signature()) hashes_.spawn(executor, hash_signature(*current));
    hashes_.spawn(executor, hash_content(*current));
    auto done = co_await write(writer, *current);
    if (done) done = co_await fill(*next);
    // Whatever went wrong, the hashes still read the batch.
    co_await hashes_.join();
    CO_TRY(std::move(done));
    CO_TRY(verify_chunks(*current));
    std::swap(current, next);
  }
  co_return Outcome<void>();
}

// Leaves no steps only when the body has ended.
Task<Outcome<void>> Intake::fill(Batch& batch) {
  batch.steps.clear();
  batch.signatures.clear();
  std::size_t filled = 0;
  while (!has_ended_ && filled < batch.memory.size()) {
    auto count = co_await call_.exchange.read(batch.memory.view().subspan(filled));
    if (!count) co_return refuse(explain_read(count.error()));
    if (*count == 0) {
      has_ended_ = true;
      if (decoder_ && !decoder_->is_done()) co_return refuse(Code::incomplete_body);
      break;
    }
    CO_TRY(take(batch, batch.memory.view().subspan(filled, *count)));
    filled += *count;
  }
  co_return Outcome<void>();
}

Outcome<void> Intake::take(Batch& batch, ByteView bytes) {
  if (!decoder_) {
    // Pieces that lie end to end are one.
    if (!batch.steps.empty()) {
      auto& last = batch.steps.back().bytes;
      last = ByteView(last.data(), last.size() + bytes.size());
    } else {
      batch.steps.push_back({.bytes = bytes});
    }
    size_ += bytes.size();
    return size_ > claim_.size ? refuse_size() : Outcome<void>();
  }
  while (!bytes.empty()) {
    if (decoder_->is_done()) return refuse(Code::incomplete_body);
    TRY_LET(const auto piece, decoder_->next(bytes));
    if (!piece) return {};
    if (piece->kind == ChunkedDecoder::Kind::bytes) {
      size_ += piece->bytes.size();
      if (size_ > claim_.size + excess_bytes_max) return refuse_size();
      batch.steps.push_back({.bytes = piece->bytes});
    } else if (piece->kind == ChunkedDecoder::Kind::chunk_end) {
      if (size_ > claim_.size) return refuse_size();
      batch.steps.push_back({.bytes = {}, .ends_chunk = true});
      batch.signatures.push_back(piece->signature);
    }
  }
  return {};
}

Task<Outcome<void>> Intake::write(vault::ContentWriter& writer, const Batch& batch) {
  for (const auto& step : batch.steps) {
    if (!step.bytes.empty()) {
      CO_TRY(co_await writer.write(step.bytes));
    }
  }
  co_return Outcome<void>();
}

Task<void> Intake::hash_signature(const Batch& batch) {
  co_await call_.services.workers.run([&] { hashing_.run_signature(batch.steps); });
}

Task<void> Intake::hash_content(const Batch& batch) {
  co_await call_.services.workers.run([&] { hashing_.run_content(batch.steps); });
}

Outcome<void> Intake::verify_chunks(const Batch& batch) {
  if (!signatures_) return {};
  const auto hashes = hashing_.take_chunk_hashes();
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    TRY(signatures_->verify_chunk(batch.signatures[i], hashes[i]));
  }
  return {};
}

Outcome<void> Intake::judge() {
  if (size_ != claim_.size) return refuse_size();
  if (payload() == Payload::hashed) {
    TRY(judge_sha256(call_.authorization.payload_hash, hashing_.finish_sha256()));
  }
  checksum_ = hashing_.finish_checksum();
  if (etag_ == ETagKind::md5 || claim_.md5) md5_ = hashing_.finish_md5();
  if (claim_.md5) {
    TRY(judge_md5(*claim_.md5, *md5_));
  }
  if (claim_.checksum) {
    TRY(judge_checksum(kind_, claim_.checksum->value, checksum_));
  }
  if (decoder_) {
    TRY(judge_trailer());
  }
  return {};
}

Outcome<void> Intake::judge_trailer() {
  const auto& trailer = decoder_->trailer();
  const bool is_expected =
      claim_.trailer && trailer.size() == 1 && trailer.front().first == header_of(*claim_.trailer);
  if (!is_expected && (claim_.trailer || !trailer.empty())) return refuse(Code::malformed_trailer);
  if (payload() == Payload::signed_chunks_with_trailer && is_expected) {
    if (decoder_->trailer_signature().empty()) return refuse(Code::incomplete_body);
    TRY(signatures_->verify_trailer(decoder_->trailer_signature(), decoder_->trailer_text()));
  }
  if (!is_expected) return {};
  const auto& [name, value] = trailer.front();
  if (!is_checksum(*claim_.trailer, value)) {
    return refuse(Code::invalid_request,
                  fmt::format("Value for {} trailing header is invalid.", name));
  }
  return judge_checksum(*claim_.trailer, value, checksum_);
}

Task<Outcome<std::string>> read_text(Call& call, std::size_t size) {
  std::string text(size, '\0');
  std::size_t filled = 0;
  while (true) {
    std::array<std::byte, 1> beyond;
    const auto rest = std::as_writable_bytes(std::span(text)).subspan(filled);
    auto count = co_await call.exchange.read(rest.empty() ? MutableByteView(beyond) : rest);
    if (!count) co_return refuse(explain_read(count.error()));
    if (*count == 0) break;
    if (rest.empty()) co_return refuse_size();
    filled += *count;
  }
  if (filled != size) co_return refuse_size();
  co_return text;
}

}  // namespace

Task<Outcome<Received>> receive(Call& call, const catalog::Bucket& bucket, BodyClaim claim,
                                ChecksumKind kind, std::optional<ChecksumKind> second) {
  Intake intake(call, bucket, std::move(claim), kind, second);
  co_return co_await intake.run();
}

Task<Outcome<std::string>> read_document(Call& call, std::size_t size_max,
                                         ChecksumSubject subject) {
  const auto payload = call.authorization.payload;
  if (payload != Payload::hashed && payload != Payload::not_signed) {
    co_return refuse(Code::invalid_request, "The value of x-amz-content-sha256 header is invalid.");
  }
  auto claim = read_claim(call, size_max, subject);
  if (!claim) {
    if (claim.error().code() != Code::entity_too_large) co_return refuse(claim.error());
    co_return refuse(S3Error(Code::max_message_length_exceeded)
                         .with("MaxMessageLengthBytes", std::to_string(size_max)));
  }
  CO_TRY_LET(std::string text, co_await read_text(call, static_cast<std::size_t>(claim->size)));
  const auto bytes = as_bytes(text);
  if (payload == Payload::hashed) {
    CO_TRY(judge_sha256(call.authorization.payload_hash, codec::Sha256::of(bytes)));
  }
  if (claim->md5) {
    CO_TRY(judge_md5(*claim->md5, codec::Md5::of(bytes)));
  }
  if (claim->checksum) {
    ChecksumState state(claim->checksum->kind);
    state.update(bytes);
    CO_TRY(judge_checksum(claim->checksum->kind, claim->checksum->value, state.finish()));
  }
  co_return text;
}

Task<Outcome<Digests>> digest(Services& services, vault::ContentReader& reader, ETagKind etag,
                              ChecksumKind kind) {
  Hashing hashing(
      {.md5 = etag == ETagKind::md5, .blake3 = etag == ETagKind::blake3, .checksum = kind});
  while (true) {
    CO_TRY_LET(const auto pieces, co_await reader.read());
    if (pieces.empty()) break;
    std::vector<HashStep> steps;
    for (const ByteView piece : pieces) steps.push_back({.bytes = piece});
    co_await services.workers.run([&] { hashing.run_content(steps); });
  }
  Digests digests;
  digests.etag =
      etag == ETagKind::md5 ? to_hex(hashing.finish_md5()) : hashing.finish_blake3_etag();
  digests.checksum = {kind, hashing.finish_checksum()};
  co_return digests;
}

}  // namespace holdfast::s3
