#include "base/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace holdfast {

void prefer_huge_pages(MutableByteView memory) {
  constexpr std::uintptr_t page = AlignedBuffer::alignment;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t begin = (address + page - 1) / page * page;
  const std::uintptr_t end = (address + memory.size()) / page * page;
  if (begin >= end) return;
  (void)::madvise(memory.data() + (begin - address), end - begin, MADV_HUGEPAGE);
}

}  // namespace holdfast
