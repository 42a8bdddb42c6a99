#include "vault/log_cipher.h"

#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

namespace holdfast::vault {
namespace {

constexpr std::uint8_t record_format = 1;
constexpr std::size_t head_bytes = 1 + GenerationId::size;

codec::AeadNonce nonce_of(std::uint64_t sequence) {
  codec::AeadNonce nonce{};
  for (std::size_t i = 0; i < sizeof sequence; ++i) {
    nonce[nonce.size() - 1 - i] = static_cast<std::byte>(sequence >> (8 * i));
  }
  return nonce;
}

// The head of the record, and its number.
Bytes associated_with(std::uint64_t sequence, ByteView head) {
  wire::Writer writer(head.size() + sizeof sequence);
  writer.put_raw(head);
  writer.put_u64(sequence);
  return std::move(writer).take();
}

}  // namespace

Bytes RecordSealer::seal(std::uint64_t sequence, ByteView plain) {
  wire::Writer writer(sealed_record_overhead + plain.size());
  writer.put_u8(record_format);
  writer.put_id(generation_);
  writer.put_zeros(plain.size() + codec::aead_tag_bytes);
  Bytes sealed = std::move(writer).take();
  const auto content = MutableByteView(sealed).subspan(head_bytes);
  aead_.seal(nonce_of(sequence), associated_with(sequence, ByteView(sealed).first(head_bytes)),
             plain, content);
  return sealed;
}

Result<Bytes> RecordOpener::open(std::uint64_t sequence, ByteView sealed) {
  wire::Reader reader(sealed);
  TRY_LET(const std::uint8_t format, reader.take_u8());
  TRY_LET(const auto generation, reader.take_id<GenerationId>());
  if (format != record_format) {
    return fail(ErrorCode::unsupported,
                fmt::format("log record {} has format {}: use a newer release", sequence, format));
  }
  if (reader.rest().size() < codec::aead_tag_bytes) {
    return fail(ErrorCode::corrupt, fmt::format("log record {} is too short", sequence));
  }
  if (!current_ || current_->generation != generation) {
    current_.emplace(generation, codec::Aead(keys_.log_key(generation)));
  }
  Bytes plain(reader.rest().size() - codec::aead_tag_bytes);
  auto opened =
      current_->aead.open(nonce_of(sequence), associated_with(sequence, sealed.first(head_bytes)),
                          reader.rest(), plain);
  if (!opened) {
    return std::unexpected(
        std::move(opened).error().within(fmt::format("log record {}", sequence)));
  }
  return plain;
}

}  // namespace holdfast::vault
