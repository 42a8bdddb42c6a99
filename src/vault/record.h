// Record: changes that become durable, and then visible, together. What the journal writes as one
// entry of the range's log.
#pragma once

#include "base/bytes.h"
#include "env/table.h"
#include "vault/content.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::vault {

class Record {
 public:
  void put(env::Family family, std::string key, std::string value) {
    changes_.put(family, std::move(key), std::move(value));
  }
  // Puts the row under `key` + commit_suffix(sequence), where the sequence is the one that this
  // record gets: rows of later commits sort before those of earlier ones.
  void put_stamped(env::Family family, std::string key, std::string value) {
    stamped_.push_back(changes_.changes.size());
    changes_.put(family, std::move(key), std::move(value));
  }
  void remove(env::Family family, std::string key) { changes_.remove(family, std::move(key)); }
  void remove_range(env::Family family, std::string from, std::string until) {
    changes_.remove_range(family, std::move(from), std::move(until));
  }
  void add(env::Family family, std::string key, std::vector<std::int64_t> deltas) {
    changes_.add(family, std::move(key), std::move(deltas));
  }

  // Makes the chunks of `content` durable with this record, at the latest. Rows that name them go
  // into the same record.
  void attach(const Content& content);

  bool is_empty() const { return changes_.changes.empty(); }
  std::size_t change_count() const { return changes_.changes.size(); }

  // What must become durable with it, at the latest, and what to hold on to until it is applied.
  const std::vector<std::shared_ptr<PendingChunk>>& pending() const { return pending_; }
  const std::vector<std::shared_ptr<Reliance>>& reliances() const { return reliances_; }

  // The changes as they are once the record has its number.
  env::Batch resolve(std::uint64_t sequence) &&;

 private:
  env::Batch changes_;
  std::vector<std::size_t> stamped_;  // Places in changes_ whose keys get the suffix.
  std::vector<std::shared_ptr<PendingChunk>> pending_;
  std::vector<std::shared_ptr<Reliance>> reliances_;
};

// 0x00, then the complement of `sequence`, big-endian: 9 bytes.
std::string commit_suffix(std::uint64_t sequence);
inline constexpr std::size_t commit_suffix_bytes = 9;

// Of a key that ends with such a suffix.
std::uint64_t sequence_of_suffix(std::string_view key);

}  // namespace holdfast::vault
