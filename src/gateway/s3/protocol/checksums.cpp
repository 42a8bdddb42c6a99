#include "gateway/s3/protocol/checksums.h"

#include "base/check.h"
#include "codec/base64.h"
#include "codec/checksum.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

struct Names {
  std::string_view name;
  std::string_view header;
  std::string_view element;
  std::size_t size;
};

constexpr std::array<Names, checksum_kinds.size()> all_names{{
    {"CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4},
    {"CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4},
    {"CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8},
    {"SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", 20},
    {"SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32},
    {"SHA512", "x-amz-checksum-sha512", "ChecksumSHA512", 64},
    {"MD5", "x-amz-checksum-md5", "ChecksumMD5", 16},
    {"XXHASH64", "x-amz-checksum-xxhash64", "ChecksumXXHASH64", 8},
    {"XXHASH3", "x-amz-checksum-xxhash3", "ChecksumXXHASH3", 8},
    {"XXHASH128", "x-amz-checksum-xxhash128", "ChecksumXXHASH128", 16},
}};

const Names& names_of(ChecksumKind kind) {
  return all_names[static_cast<std::size_t>(kind)];
}

constexpr std::size_t checksum_bytes_max = 64;

using State = std::variant<std::uint32_t, std::uint64_t, codec::DigestState, codec::XxHash>;

State begin(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::crc32:
    case ChecksumKind::crc32c:
      return std::uint32_t{0};
    case ChecksumKind::crc64nvme:
      return std::uint64_t{0};
    case ChecksumKind::sha1:
      return codec::DigestState(codec::DigestKind::sha1);
    case ChecksumKind::sha256:
      return codec::DigestState(codec::DigestKind::sha256);
    case ChecksumKind::sha512:
      return codec::DigestState(codec::DigestKind::sha512);
    case ChecksumKind::md5:
      return codec::DigestState(codec::DigestKind::md5);
    case ChecksumKind::xxhash64:
      return codec::XxHash(codec::XxHashKind::xxh64);
    case ChecksumKind::xxhash3:
      return codec::XxHash(codec::XxHashKind::xxh3);
    case ChecksumKind::xxhash128:
      return codec::XxHash(codec::XxHashKind::xxh128);
  }
  check(false, "all kinds are named");
  return {};
}

template <class Word>
std::string encode(Word word) {
  std::array<std::byte, sizeof(Word)> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(word >> (8 * (bytes.size() - 1 - i)));
  }
  return codec::to_base64(bytes);
}

template <class Word>
Word decode(ByteView bytes) {
  Word word = 0;
  for (const auto byte : bytes) word = static_cast<Word>(word << 8 | std::to_integer<Word>(byte));
  return word;
}

Bytes decode_part(const PartChecksum& part) {
  auto bytes = codec::from_base64(part.value);
  check(bytes.has_value(), "checksums of parts were judged when they came");
  return *std::move(bytes);
}

template <class Word, class Combine>
std::string combine_crc(std::span<const PartChecksum> parts, Combine combine) {
  Word whole = 0;
  for (const auto& part : parts) whole = combine(whole, decode<Word>(decode_part(part)), part.size);
  return encode(whole);
}

}  // namespace

std::string_view name_of(ChecksumKind kind) {
  return names_of(kind).name;
}
std::string_view header_of(ChecksumKind kind) {
  return names_of(kind).header;
}
std::string_view element_of(ChecksumKind kind) {
  return names_of(kind).element;
}
std::size_t size_of(ChecksumKind kind) {
  return names_of(kind).size;
}
std::string_view name_of(ChecksumForm form) {
  return form == ChecksumForm::composite ? "COMPOSITE" : "FULL_OBJECT";
}

bool can_combine(ChecksumKind kind) {
  return kind == ChecksumKind::crc32 || kind == ChecksumKind::crc32c ||
         kind == ChecksumKind::crc64nvme;
}

Outcome<ChecksumKind> parse_checksum_kind(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  for (const auto kind : checksum_kinds) {
    if (name_of(kind) == upper) return kind;
  }
  return refuse(Code::invalid_request,
                "Checksum algorithm provided is unsupported. Please try again with any of the "
                "valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, "
                "XXHASH3, XXHASH64]");
}

std::optional<ChecksumKind> checksum_kind_of_header(std::string_view lower_case_header) {
  for (const auto kind : checksum_kinds) {
    if (header_of(kind) == lower_case_header) return kind;
  }
  return std::nullopt;
}

bool is_offered(ChecksumKind kind, ChecksumForm form) {
  if (kind == ChecksumKind::crc64nvme) return form == ChecksumForm::full_object;
  return can_combine(kind) || form == ChecksumForm::composite;
}

ChecksumForm default_form(ChecksumKind kind) {
  return kind == ChecksumKind::crc64nvme ? ChecksumForm::full_object : ChecksumForm::composite;
}

bool is_checksum(ChecksumKind kind, std::string_view text) {
  const auto bytes = codec::from_base64(text);
  return bytes && bytes->size() == size_of(kind);
}

ChecksumState::ChecksumState(ChecksumKind kind) : kind_(kind), state_(begin(kind)) {}

void ChecksumState::update(ByteView bytes) {
  if (auto* crc = std::get_if<std::uint32_t>(&state_)) {
    *crc = kind_ == ChecksumKind::crc32 ? codec::crc32(bytes, *crc) : codec::crc32c(bytes, *crc);
  } else if (auto* wide = std::get_if<std::uint64_t>(&state_)) {
    *wide = codec::crc64nvme(bytes, *wide);
  } else if (auto* digest = std::get_if<codec::DigestState>(&state_)) {
    digest->update(bytes);
  } else {
    std::get<codec::XxHash>(state_).update(bytes);
  }
}

std::string ChecksumState::finish() {
  if (const auto* crc = std::get_if<std::uint32_t>(&state_)) return encode(*crc);
  if (const auto* wide = std::get_if<std::uint64_t>(&state_)) return encode(*wide);
  std::array<std::byte, checksum_bytes_max> value;
  const auto out = MutableByteView(value).first(size_of(kind_));
  if (auto* digest = std::get_if<codec::DigestState>(&state_)) {
    digest->finish(out);
  } else {
    std::get<codec::XxHash>(state_).finish(out);
  }
  return codec::to_base64(out);
}

std::string combine_checksums(ChecksumKind kind, ChecksumForm form,
                              std::span<const PartChecksum> parts) {
  if (form == ChecksumForm::composite) {
    ChecksumState whole(kind);
    for (const auto& part : parts) whole.update(decode_part(part));
    return fmt::format("{}-{}", whole.finish(), parts.size());
  }
  switch (kind) {
    case ChecksumKind::crc32:
      return combine_crc<std::uint32_t>(parts, codec::crc32_combine);
    case ChecksumKind::crc32c:
      return combine_crc<std::uint32_t>(parts, codec::crc32c_combine);
    case ChecksumKind::crc64nvme:
      return combine_crc<std::uint64_t>(parts, codec::crc64nvme_combine);
    default:
      break;
  }
  check(false, "only CRCs of parts give the checksum of the whole");
  return {};
}

}  // namespace holdfast::s3
