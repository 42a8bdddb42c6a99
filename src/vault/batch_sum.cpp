#include "vault/batch_sum.h"

#include <algorithm>
#include <utility>

namespace holdfast::vault {

void BatchSum::take(env::Batch changes) {
  for (auto& change : changes.changes) {
    if (change.kind == env::Batch::Kind::add) {
      add(std::move(change));
    } else {
      forget_sums(change.family);
      batch_.changes.push_back(std::move(change));
    }
  }
}

void BatchSum::put(env::Family family, std::string key, std::string value) {
  forget_sums(family);
  batch_.put(family, std::move(key), std::move(value));
}

void BatchSum::add(env::Batch::Change change) {
  const auto [found, is_first] =
      sums_.try_emplace(static_cast<char>(change.family) + change.key, batch_.changes.size());
  summed_.set(change.family);
  if (is_first) {
    batch_.changes.push_back(std::move(change));
    return;
  }
  std::string& value = batch_.changes[found->second].value;
  auto sums = env::decode_counters(value);
  const auto deltas = env::decode_counters(change.value);
  sums.resize(std::max(sums.size(), deltas.size()));
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    // As the table adds: it may wrap around.
    sums[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(sums[i]) +
                                        static_cast<std::uint64_t>(deltas[i]));
  }
  value = env::encode_counters(sums);
}

// A change of another kind comes in between: later sums come after it.
void BatchSum::forget_sums(env::Family family) {
  if (!summed_.test(family)) return;
  sums_.clear();
  summed_.reset();
}

env::Batch BatchSum::finish() {
  sums_.clear();
  summed_.reset();
  return std::exchange(batch_, {});
}

}  // namespace holdfast::vault
