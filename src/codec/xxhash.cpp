#include "codec/xxhash.h"

#include "base/check.h"

#include <xxhash.h>

#include <algorithm>
#include <span>

namespace holdfast::codec {
namespace {

struct Free64 {
  void operator()(XXH64_state_t* state) const { XXH64_freeState(state); }
};
struct Free3 {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

void must(XXH_errorcode outcome) {
  check(outcome == XXH_OK, "xxHash takes bytes");
}

template <class Canonical>
void copy(const Canonical& canonical, MutableByteView out) {
  std::ranges::copy(std::as_bytes(std::span(canonical.digest)), out.begin());
}

}  // namespace

// One of them is there.
struct XxHash::State {
  std::unique_ptr<XXH64_state_t, Free64> xxh64;
  std::unique_ptr<XXH3_state_t, Free3> xxh3;
};

XxHash::XxHash(XxHashKind kind) : kind_(kind), state_(std::make_unique<State>()) {
  if (kind == XxHashKind::xxh64) {
    state_->xxh64.reset(XXH64_createState());
    check(state_->xxh64 != nullptr, "there is memory for a hash");
    must(XXH64_reset(state_->xxh64.get(), 0));
    return;
  }
  state_->xxh3.reset(XXH3_createState());
  check(state_->xxh3 != nullptr, "there is memory for a hash");
  must(kind == XxHashKind::xxh3 ? XXH3_64bits_reset(state_->xxh3.get())
                                : XXH3_128bits_reset(state_->xxh3.get()));
}
XxHash::XxHash(XxHash&&) noexcept = default;
XxHash& XxHash::operator=(XxHash&&) noexcept = default;
XxHash::~XxHash() = default;

void XxHash::update(ByteView bytes) {
  switch (kind_) {
    case XxHashKind::xxh64:
      return must(XXH64_update(state_->xxh64.get(), bytes.data(), bytes.size()));
    case XxHashKind::xxh3:
      return must(XXH3_64bits_update(state_->xxh3.get(), bytes.data(), bytes.size()));
    case XxHashKind::xxh128:
      return must(XXH3_128bits_update(state_->xxh3.get(), bytes.data(), bytes.size()));
  }
}

void XxHash::finish(MutableByteView out) const {
  check(out.size() == xxhash_size(kind_), "there is room for the hash");
  if (kind_ == XxHashKind::xxh128) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->xxh3.get()));
    return copy(canonical, out);
  }
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, kind_ == XxHashKind::xxh64
                                          ? XXH64_digest(state_->xxh64.get())
                                          : XXH3_64bits_digest(state_->xxh3.get()));
  copy(canonical, out);
}

}  // namespace holdfast::codec
