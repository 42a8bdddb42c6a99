// BatchSum gathers the changes of many records into one batch, in which what is added to one
// counter again and again is added once: a table pays for each change, and counters change with
// every record.
#pragma once

#include "env/table.h"

#include <bitset>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace holdfast::vault {

class BatchSum {
 public:
  // After all that was taken before.
  void take(env::Batch changes);
  void put(env::Family family, std::string key, std::string value);

  // Changes in the batch so far.
  std::size_t size() const { return batch_.changes.size(); }

  // The batch; begins another.
  env::Batch finish();

 private:
  void add(env::Batch::Change change);
  void forget_sums(env::Family family);

  env::Batch batch_;
  // Where in the batch each counter is added to, by family and key. Nothing but adding has happened
  // to these families since.
  std::unordered_map<std::string, std::size_t> sums_;
  std::bitset<256> summed_;
};

}  // namespace holdfast::vault
