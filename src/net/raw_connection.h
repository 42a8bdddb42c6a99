// UpgradedConnection is a server's connection after HTTP.
#pragma once

#include "net/input_buffer.h"
#include "net/link.h"
#include "net/service.h"

namespace holdfast::net {

class UpgradedConnection final : public RawConnection {
 public:
  UpgradedConnection(std::shared_ptr<Service> service, std::unique_ptr<Link> link,
                     InputBuffer input)
      : presence_(std::move(service)), link_(std::move(link)), input_(std::move(input)) {}

  Task<Result<std::size_t>> read(MutableByteView into) override;
  Task<Result<void>> write(ByteView content) override;
  Result<void> end() override;
  void abort() override;

 private:
  Presence presence_;
  std::unique_ptr<Link> link_;
  InputBuffer input_;
};

}  // namespace holdfast::net
