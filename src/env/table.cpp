#include "env/table.h"

#include <bit>
#include <cstring>

namespace holdfast::env {

static_assert(std::endian::native == std::endian::little, "counters are stored little-endian");

void Batch::add(Family family, std::string key, std::vector<std::int64_t> deltas) {
  changes.push_back({Kind::add, family, std::move(key), encode_counters(deltas)});
}

std::string encode_counters(const std::vector<std::int64_t>& counters) {
  return {reinterpret_cast<const char*>(counters.data()), counters.size() * sizeof(std::int64_t)};
}

std::vector<std::int64_t> decode_counters(std::string_view value) {
  std::vector<std::int64_t> counters(value.size() / sizeof(std::int64_t));
  // An empty vector has no address to copy to.
  if (!counters.empty()) {
    std::memcpy(counters.data(), value.data(), counters.size() * sizeof(std::int64_t));
  }
  return counters;
}

}  // namespace holdfast::env
