// The additional checksums of S3: CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512 and three of
// xxHash. On the wire each is base64 of its big-endian bytes, in headers and trailers named
// x-amz-checksum-….
#pragma once

#include "base/bytes.h"
#include "codec/digest.h"
#include "codec/xxhash.h"
#include "gateway/s3/protocol/error.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::s3 {

enum class ChecksumKind : std::uint8_t {
  crc32,
  crc32c,
  crc64nvme,
  sha1,
  sha256,
  sha512,
  md5,
  xxhash64,
  xxhash3,
  xxhash128,
};
inline constexpr std::array checksum_kinds{
    ChecksumKind::crc32,   ChecksumKind::crc32c,   ChecksumKind::crc64nvme, ChecksumKind::sha1,
    ChecksumKind::sha256,  ChecksumKind::sha512,   ChecksumKind::md5,       ChecksumKind::xxhash64,
    ChecksumKind::xxhash3, ChecksumKind::xxhash128};

// Of an object in parts: over all of its bytes, or over the checksums of its parts.
enum class ChecksumForm : std::uint8_t { full_object, composite };

std::string_view name_of(ChecksumKind kind);     // "CRC32C": in XML and in parameters.
std::string_view header_of(ChecksumKind kind);   // "x-amz-checksum-crc32c"
std::string_view element_of(ChecksumKind kind);  // "ChecksumCRC32C"
std::string_view name_of(ChecksumForm form);     // "FULL_OBJECT", "COMPOSITE"
std::size_t size_of(ChecksumKind kind);          // Bytes before base64.
bool can_combine(ChecksumKind kind);             // Whether parts' checksums give the whole's.

// By name, without regard to case. Fails with InvalidRequest.
Outcome<ChecksumKind> parse_checksum_kind(std::string_view name);
std::optional<ChecksumKind> checksum_kind_of_header(std::string_view lower_case_header);

// A form that S3 offers for that kind: those that do not combine only as composites, CRC64NVME over
// the whole only.
bool is_offered(ChecksumKind kind, ChecksumForm form);
ChecksumForm default_form(ChecksumKind kind);

// Whether `text` is base64 of as many bytes as the kind has.
bool is_checksum(ChecksumKind kind, std::string_view text);

// Takes bytes piece by piece.
class ChecksumState {
 public:
  explicit ChecksumState(ChecksumKind kind);

  ChecksumKind kind() const { return kind_; }
  void update(ByteView bytes);
  std::string finish();  // Base64.

 private:
  ChecksumKind kind_;
  std::variant<std::uint32_t, std::uint64_t, codec::DigestState, codec::XxHash> state_;
};

// One part of an object: its checksum in base64 and its size.
struct PartChecksum {
  std::string value;
  std::uint64_t size = 0;
};

// Of the whole object: for `composite` with "-" and the number of parts at its end. Requires values
// for which is_checksum() holds.
std::string combine_checksums(ChecksumKind kind, ChecksumForm form,
                              std::span<const PartChecksum> parts);

}  // namespace holdfast::s3
