// Service is what all connections of one server share.
#pragma once

#include "base/sync.h"
#include "net/server.h"
#include "net/sweep.h"

#include <memory>

namespace holdfast::net {

struct Service {
  Handler handler;
  ServerLimits limits;
  std::shared_ptr<Sweep> sweep;
  bool is_draining = false;
  std::size_t present_count = 0;     // Connections and upgraded connections.
  std::function<void()> on_leaving;  // Called when one of them is gone.
};

// Counts its owner as present in a service, which it keeps alive.
class Presence {
 public:
  explicit Presence(std::shared_ptr<Service> service) : service_(std::move(service)) {
    ++service_->present_count;
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  ~Presence() {
    --service_->present_count;
    if (service_->on_leaving) service_->on_leaving();
  }

  Service* operator->() const { return service_.get(); }
  const std::shared_ptr<Service>& service() const { return service_; }

 private:
  std::shared_ptr<Service> service_;
};

}  // namespace holdfast::net
