// Large buffers on huge pages: filling one for the first time then costs a few faults instead of
// one for each 4 KiB, and direct I/O pins fewer pages.
#pragma once

#include "base/bytes.h"

namespace holdfast {

// A hint for memory of some MiB that will be written soon and used for long. Never fails: where the
// system has no huge pages to give, small ones serve.
void prefer_huge_pages(MutableByteView memory);

}  // namespace holdfast
