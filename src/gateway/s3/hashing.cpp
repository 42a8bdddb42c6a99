#include "gateway/s3/hashing.h"

#include "base/hex.h"

#include <utility>

namespace holdfast::s3 {
namespace {

constexpr std::size_t etag_bytes = 16;

}  // namespace

Hashing::Hashing(HashPlan plan) : checksum_(plan.checksum) {
  if (plan.sha256) sha256_.emplace();
  if (plan.md5) md5_.emplace();
  if (plan.blake3) blake3_.emplace();
  if (plan.second) second_.emplace(*plan.second);
}

void Hashing::run_signature(std::span<const HashStep> steps) {
  for (const auto& step : steps) {
    sha256_->update(step.bytes);
    if (step.ends_chunk) chunk_hashes_.push_back(sha256_->finish());
  }
}

void Hashing::run_content(std::span<const HashStep> steps) {
  for (const auto& step : steps) {
    if (md5_) md5_->update(step.bytes);
    if (blake3_) blake3_->update(step.bytes);
    checksum_.update(step.bytes);
    if (second_) second_->update(step.bytes);
  }
}

std::vector<codec::Sha256::Value> Hashing::take_chunk_hashes() {
  return std::exchange(chunk_hashes_, {});
}

std::string Hashing::finish_blake3_etag() const {
  const auto hash = blake3_->finish();
  return to_hex(ByteView(hash).first(etag_bytes));
}

}  // namespace holdfast::s3
