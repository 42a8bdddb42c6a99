#include "vault/record.h"

#include "base/check.h"

namespace holdfast::vault {

void Record::attach(const Content& content) {
  pending_.insert(pending_.end(), content.pending.begin(), content.pending.end());
  if (content.reliance != nullptr) reliances_.push_back(content.reliance);
}

env::Batch Record::resolve(std::uint64_t sequence) && {
  const std::string suffix = commit_suffix(sequence);
  for (const std::size_t place : stamped_) changes_.changes[place].key += suffix;
  stamped_.clear();
  return std::move(changes_);
}

std::string commit_suffix(std::uint64_t sequence) {
  std::string suffix(commit_suffix_bytes, '\0');
  for (std::size_t i = 1; i < commit_suffix_bytes; ++i) {
    suffix[i] = static_cast<char>(~sequence >> (8 * (commit_suffix_bytes - 1 - i)));
  }
  return suffix;
}

std::uint64_t sequence_of_suffix(std::string_view key) {
  check(key.size() >= commit_suffix_bytes, "a stamped key ends with a commit suffix");
  std::uint64_t complement = 0;
  for (const char byte : key.substr(key.size() - commit_suffix_bytes + 1)) {
    complement = (complement << 8) | static_cast<unsigned char>(byte);
  }
  return ~complement;
}

}  // namespace holdfast::vault
