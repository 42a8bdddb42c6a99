#include "net/raw_connection.h"

namespace holdfast::net {

Task<Result<std::size_t>> UpgradedConnection::read(MutableByteView into) {
  if (into.empty()) co_return std::size_t{0};
  if (input_.is_empty()) co_return co_await link_->read_some(into, Sweep::never);
  const std::size_t size = std::min(input_.size(), into.size());
  std::memcpy(into.data(), input_.view().data(), size);
  input_.consume(size);
  co_return size;
}

Task<Result<void>> UpgradedConnection::write(ByteView content) {
  std::array pieces{content};
  co_return co_await link_->write_all(pieces, presence_->limits.stall_timeout);
}

Result<void> UpgradedConnection::end() {
  link_->end();
  return {};
}

void UpgradedConnection::abort() {
  link_->abort();
}

}  // namespace holdfast::net
