// The hashes that are made of one stream of bytes, split in two jobs that may run side by side.
#pragma once

#include "codec/blake3.h"
#include "codec/digest.h"
#include "gateway/s3/body.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::s3 {

// What to compute of a stream.
struct HashPlan {
  bool md5 = false;
  bool blake3 = false;
  bool sha256 = false;  // Of all bytes, or of each chunk.
  ChecksumKind checksum = ChecksumKind::crc64nvme;
  std::optional<ChecksumKind> second = {};  // Another checksum beside it.
};

// A run of bytes, and whether a chunk ends behind it.
struct HashStep {
  ByteView bytes;
  bool ends_chunk = false;
};

class Hashing {
 public:
  explicit Hashing(HashPlan plan);

  // The two halves of the work. Each may run on a thread of its own, but only one call of each at a
  // time, in the order of the stream.
  void run_signature(std::span<const HashStep> steps);  // SHA-256
  void run_content(std::span<const HashStep> steps);    // All others.

  bool has_signature() const { return sha256_.has_value(); }

  // The SHA-256 of each chunk that ended since the last call.
  std::vector<codec::Sha256::Value> take_chunk_hashes();

  // At the end, once each.
  codec::Sha256::Value finish_sha256() { return sha256_->finish(); }
  codec::Md5::Value finish_md5() { return md5_->finish(); }
  std::string finish_checksum() { return checksum_.finish(); }
  std::string finish_second() { return second_->finish(); }
  // 16 bytes of BLAKE3: as long as an MD5, which is what clients expect of an ETag.
  std::string finish_blake3_etag() const;

 private:
  std::optional<codec::Sha256> sha256_;
  std::vector<codec::Sha256::Value> chunk_hashes_;
  std::optional<codec::Md5> md5_;
  std::optional<codec::Blake3> blake3_;
  ChecksumState checksum_;
  std::optional<ChecksumState> second_;
};

}  // namespace holdfast::s3
