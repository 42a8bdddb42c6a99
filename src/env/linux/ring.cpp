#include "env/linux/ring.h"

#include "base/check.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <liburing.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::env::linux {
namespace asio = boost::asio;
namespace {

// The kernel transfers no more in one call; a multiple of every alignment.
constexpr std::size_t transfer_max = 1 * gib;

unsigned length_of(std::size_t size) {
  return static_cast<unsigned>(std::min(size, transfer_max));
}

bool has_operations(io_uring& ring) {
  const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(
      io_uring_get_probe_ring(&ring), &io_uring_free_probe);
  if (!probe) return false;
  return std::ranges::all_of(
      std::array{IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC},
      [&probe](auto operation) { return io_uring_opcode_supported(probe.get(), operation) != 0; });
}

}  // namespace

// Lies in the frame of whoever waits for it.
struct Ring::Operation {
  int result = 0;
  Event finished{};
};

// The kernel's side. Handlers of the loop share it with the Ring.
class Ring::Kernel : public std::enable_shared_from_this<Kernel> {
 public:
  Kernel(const asio::any_io_executor& loop, io_uring ring)
      : loop_(loop), ring_(ring), completions_(loop, ring.ring_fd) {}
  ~Kernel() { close(); }

  void listen() {
    completions_.async_wait(asio::posix::descriptor_base::wait_read,
                            [self = shared_from_this()](const boost::system::error_code& failure) {
                              if (failure || self->is_closed_) return;
                              self->collect();
                              self->listen();
                            });
  }

  // A free entry for an operation, which goes to the kernel with the next submit().
  io_uring_sqe& entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
      submit();
      entry = io_uring_get_sqe(&ring_);
    }
    check(entry != nullptr, "the kernel takes what is submitted");
    if (!is_submit_due_) {
      is_submit_due_ = true;
      asio::post(loop_, [self = shared_from_this()] {
        if (self->is_closed_) return;
        self->submit();
        self->collect();
      });
    }
    return *entry;
  }

  void began() { ++under_way_; }

  void close() {
    if (std::exchange(is_closed_, true)) return;
    submit();
    while (under_way_ > 0) {
      io_uring_cqe* completion = nullptr;
      if (io_uring_wait_cqe(&ring_, &completion) == 0) collect();
    }
    completions_.release();
    io_uring_queue_exit(&ring_);
  }

 private:
  // Busy or out of memory, the kernel leaves some to the next turn, after completions were taken.
  void submit() {
    is_submit_due_ = false;
    int taken = 0;
    do {
      taken = io_uring_submit(&ring_);
    } while (taken == -EINTR);
    check(taken >= 0 || taken == -EAGAIN || taken == -EBUSY, "io_uring takes entries");
  }

  void collect() {
    std::array<io_uring_cqe*, 64> batch{};
    for (;;) {
      const unsigned count = io_uring_peek_batch_cqe(&ring_, batch.data(), batch.size());
      for (unsigned i = 0; i < count; ++i) {
        auto* operation = static_cast<Operation*>(io_uring_cqe_get_data(batch[i]));
        operation->result = batch[i]->res;
        operation->finished.set();
      }
      io_uring_cq_advance(&ring_, count);
      under_way_ -= count;
      if (count < batch.size()) break;
    }
    if (io_uring_sq_ready(&ring_) > 0) submit();
  }

  asio::any_io_executor loop_;
  io_uring ring_;
  asio::posix::stream_descriptor completions_;
  unsigned under_way_ = 0;
  bool is_submit_due_ = false;
  bool is_closed_ = false;
};

std::unique_ptr<Ring> Ring::open(const asio::any_io_executor& loop) {
  io_uring ring{};
  // Completions need not interrupt the loop's thread: it looks when it next enters the kernel.
  if (io_uring_queue_init(submissions_max, &ring, IORING_SETUP_COOP_TASKRUN) != 0 &&
      io_uring_queue_init(submissions_max, &ring, 0) != 0) {
    return nullptr;
  }
  if (!has_operations(ring)) {
    io_uring_queue_exit(&ring);
    return nullptr;
  }
  auto kernel = std::make_shared<Kernel>(loop, ring);
  kernel->listen();
  return std::unique_ptr<Ring>(new Ring(std::move(kernel)));
}

Ring::Ring(std::shared_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}

Ring::~Ring() {
  kernel_->close();
}

Task<int> Ring::read(int descriptor, std::uint64_t offset, MutableByteView into) {
  const auto hold = co_await credit_.take();
  Operation operation;
  io_uring_sqe& entry = kernel_->entry();
  io_uring_prep_read(&entry, descriptor, into.data(), length_of(into.size()), offset);
  io_uring_sqe_set_data(&entry, &operation);
  kernel_->began();
  co_await operation.finished.wait();
  co_return operation.result;
}

Task<int> Ring::write(int descriptor, std::uint64_t offset, ByteView content, bool is_durable) {
  const auto hold = co_await credit_.take();
  Operation operation;
  io_uring_sqe& entry = kernel_->entry();
  io_uring_prep_write(&entry, descriptor, content.data(), length_of(content.size()), offset);
  if (is_durable) entry.rw_flags = RWF_DSYNC;
  io_uring_sqe_set_data(&entry, &operation);
  kernel_->began();
  co_await operation.finished.wait();
  co_return operation.result;
}

Task<int> Ring::sync(int descriptor) {
  const auto hold = co_await credit_.take();
  Operation operation;
  io_uring_sqe& entry = kernel_->entry();
  io_uring_prep_fsync(&entry, descriptor, IORING_FSYNC_DATASYNC);
  io_uring_sqe_set_data(&entry, &operation);
  kernel_->began();
  co_await operation.finished.wait();
  co_return operation.result;
}

}  // namespace holdfast::env::linux
