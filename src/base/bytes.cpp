#include "base/bytes.h"

#include "base/check.h"
#include "base/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace holdfast {
namespace {

// Sizes are rounded up to steps, so that blocks of similar size serve each other's users. From
// huge_bytes_min on they are whole huge pages: direct I/O pins one faster than 256 small ones.
constexpr std::size_t step_bytes = 32 * kib;
constexpr std::size_t huge_bytes_min = mib;
constexpr std::size_t recycled_bytes_max = 32 * mib;
constexpr std::size_t kept_bytes_max = 64 * mib;  // Until release_memory().
constexpr std::size_t huge_page_bytes = 2 * mib;

static_assert(AlignedBuffer::recycled_bytes_min >= step_bytes);

#if __has_feature(address_sanitizer)
constexpr bool recycles = false;  // Use after free would go unseen.
#else
constexpr bool recycles = true;
#endif

bool is_recycled(std::size_t size) {
  return recycles && size >= AlignedBuffer::recycled_bytes_min && size <= recycled_bytes_max;
}

std::size_t rounded(std::size_t size) {
  std::size_t step = is_recycled(size) ? step_bytes : AlignedBuffer::alignment;
  if (size >= huge_bytes_min) step = huge_page_bytes;
  return (size + step - 1) / step * step;
}

// Never destroyed: buffers may outlive every other static object.
class Kept {
 public:
  static Kept& all() {
    static Kept& kept = *new Kept;
    return kept;
  }

  std::byte* take(std::size_t size) {
    const std::lock_guard guard(mutex_);
    auto& blocks = blocks_[size / step_bytes];
    if (blocks.empty()) return nullptr;
    std::byte* const memory = blocks.back();
    blocks.pop_back();
    size_bytes_ -= size;
    return memory;
  }

  void release() {
    const std::lock_guard guard(mutex_);
    for (auto& blocks : blocks_) {
      for (std::byte* const memory : blocks) std::free(memory);
      blocks = {};
    }
    size_bytes_ = 0;
  }

  bool give(std::byte* memory, std::size_t size) {
    const std::lock_guard guard(mutex_);
    if (size_bytes_ + size > kept_bytes_max) return false;
    blocks_[size / step_bytes].push_back(memory);
    size_bytes_ += size;
    return true;
  }

 private:
  std::mutex mutex_;
  std::array<std::vector<std::byte*>, recycled_bytes_max / step_bytes + 1> blocks_;
  std::size_t size_bytes_ = 0;
};

// `size` is rounded.
std::byte* allocate(std::size_t size) {
  const bool is_huge = size >= huge_page_bytes;
  const std::size_t alignment = is_huge ? huge_page_bytes : AlignedBuffer::alignment;
  void* const memory = std::aligned_alloc(alignment, size);
  check(memory != nullptr, "there is memory for a buffer");
  if (is_huge) (void)::madvise(memory, size, MADV_HUGEPAGE);  // A hint.
  return static_cast<std::byte*>(memory);
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size) {
  if (size == 0) return;
  const std::size_t room = rounded(size);
  std::byte* memory = is_recycled(size) ? Kept::all().take(room) : nullptr;
  if (memory == nullptr) memory = allocate(room);
  memory_ = std::unique_ptr<std::byte, Recycle>(memory, Recycle{size});
}

void release_memory() {
  Kept::all().release();
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

void AlignedBuffer::Recycle::operator()(std::byte* memory) const {
  if (is_recycled(size) && Kept::all().give(memory, rounded(size))) return;
  std::free(memory);
}

}  // namespace holdfast
