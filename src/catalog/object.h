// What the catalog knows of buckets and objects, in terms that every gateway shares.
#pragma once

#include "base/time.h"
#include "vault/content.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::catalog {

inline constexpr std::size_t key_bytes_max = 1024;             // UTF-8, as in S3.
inline constexpr std::uint64_t object_bytes_max = 5ULL << 40;  // 5 TiB.
inline constexpr std::uint64_t part_bytes_max = 5ULL << 30;    // 5 GiB.
inline constexpr std::uint32_t part_count_max = 10'000;
inline constexpr std::size_t attribute_bytes_max = 16 * 1024;  // All fields of one object.

using BucketId = std::uint64_t;
using UserId = std::uint64_t;

// Named strings that come with an object and mean something to gateways only ("content-type",
// "x-amz-meta-owner", "checksum-crc64nvme" …). Names are lower case; order is kept.
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Bucket {
  BucketId id = 0;
  std::string name;
  UserId owner = 0;
  WallTime created;
  Fields settings;  // "etag" = "md5" (default) or "blake3" …
};

struct PartInfo {
  std::uint32_t number = 0;
  std::uint64_t size = 0;
  std::string etag;  // Without quotes.
  WallTime modified;
  Fields fields;  // Checksums.
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;  // Without quotes.
  WallTime modified;
  std::uint64_t version = 0;  // Commit sequence: grows with each change in the vault.
  Fields fields;
  std::uint32_t part_count = 0;  // 0: not made of parts.
};

// What the caller gives a new object.
struct Attributes {
  std::string etag;
  WallTime modified;
  Fields fields;
};

// Judges what is there now (nothing: no such object) before a change, in the same step as the
// change. An error refuses it. Conditional requests are made of this.
using Condition = std::function<Result<void>(const ObjectInfo* existing)>;

}  // namespace holdfast::catalog
