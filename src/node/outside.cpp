#include "node/outside.h"

#include "env/linux/clock.h"
#include "env/linux/random.h"
#include "env/linux/workers.h"

namespace holdfast::node {

Result<std::unique_ptr<Outside>> Outside::open(boost::asio::any_io_executor loop) {
  std::unique_ptr<Outside> outside(new Outside);
  TRY_LET(outside->clock_, env::linux::Clock::open(loop));
  outside->random_ = std::make_unique<env::linux::Random>();
  outside->workers_ = std::make_unique<env::linux::Workers>(loop);
  return outside;
}

}  // namespace holdfast::node
