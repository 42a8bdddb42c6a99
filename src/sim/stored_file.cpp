#include "sim/stored_file.h"

#include "base/check.h"

#include <algorithm>
#include <cstring>

namespace holdfast::sim {
namespace {

// Calls visit(page, offset in the page, offset in the range, size) for each page of a range.
template <class Visit>
void for_each_page(std::uint64_t offset, std::uint64_t size, Visit visit) {
  for (std::uint64_t done = 0; done < size;) {
    const std::uint64_t page = (offset + done) / Content::page_size;
    const std::uint64_t within = (offset + done) % Content::page_size;
    const std::uint64_t step = std::min(Content::page_size - within, size - done);
    visit(page, within, done, step);
    done += step;
  }
}

std::uint64_t pages_in(std::uint64_t size) {
  return (size + Content::page_size - 1) / Content::page_size;
}

}  // namespace

std::size_t Content::read(std::uint64_t offset, MutableByteView into) const {
  if (offset >= size_) return 0;
  const std::size_t size = std::min<std::uint64_t>(into.size(), size_ - offset);
  for_each_page(offset, size, [&](auto page, auto within, auto at, auto step) {
    const auto found = pages_.find(page);
    if (found == pages_.end()) {
      std::memset(into.data() + at, 0, step);
    } else {
      std::memcpy(into.data() + at, found->second->data() + within, step);
    }
  });
  return size;
}

Content::Page& Content::own_page(std::uint64_t page) {
  auto& slot = pages_[page];
  if (!slot) {
    slot = std::make_shared<Page>();
  } else if (slot.use_count() > 1) {
    slot = std::make_shared<Page>(*slot);
  }
  return *slot;
}

void Content::write(std::uint64_t offset, ByteView bytes) {
  for_each_page(offset, bytes.size(), [&](auto page, auto within, auto at, auto step) {
    std::memcpy(own_page(page).data() + within, bytes.data() + at, step);
  });
  size_ = std::max(size_, offset + bytes.size());
}

void Content::resize(std::uint64_t size) {
  if (size < size_) {
    pages_.erase(pages_.lower_bound(pages_in(size)), pages_.end());
    const std::uint64_t rest = size % page_size;
    if (rest != 0 && has_page(size / page_size)) {
      std::memset(own_page(size / page_size).data() + rest, 0, page_size - rest);
    }
  }
  size_ = size;
}

void Content::share_pages(const Content& from, std::uint64_t offset, std::uint64_t size) {
  for_each_page(offset, size, [&](auto page, auto, auto, auto) {
    if (const auto found = from.pages_.find(page); found != from.pages_.end()) {
      pages_[page] = found->second;
    } else {
      pages_.erase(page);
    }
  });
}

void Content::flip_bit(std::uint64_t bit) {
  check(bit / 8 < size_, "there must be a bit to flip");
  own_page(bit / 8 / page_size)[bit / 8 % page_size] ^= std::byte(1U << (bit % 8));
}

std::size_t StoredFile::read(std::uint64_t offset, MutableByteView into) const {
  return cached_.read(offset, into);
}

void StoredFile::write(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  cached_.write(offset, bytes);
  unsynced_.push_back({offset, bytes.size()});
}

void StoredFile::truncate(std::uint64_t size) {
  cached_.resize(size);
  reserved_ = std::min(reserved_, size);
  cut_ = std::min(cut_.value_or(size), size);
}

void StoredFile::preallocate(std::uint64_t size) {
  reserved_ = std::max(reserved_, size);
  if (size > cached_.size()) {
    cut_ = std::min(cut_.value_or(cached_.size()), cached_.size());
    cached_.resize(size);
  }
}

void StoredFile::sync() {
  if (cut_ && *cut_ < durable_.size()) durable_.resize(*cut_);
  for (const auto& [offset, size] : unsynced_) durable_.share_pages(cached_, offset, size);
  durable_.resize(cached_.size());
  unsynced_.clear();
  cut_.reset();
}

// Makes an extent of what programs see part of `content`, as far as the file has it still.
void StoredFile::keep(Content& content, Extent extent) const {
  const std::uint64_t end = std::min(extent.offset + extent.size, cached_.size());
  if (extent.offset >= end) return;
  Bytes bytes(end - extent.offset);
  cached_.read(extent.offset, bytes);
  content.write(extent.offset, bytes);
}

Content StoredFile::survivors(Random& random) const {
  Content left = durable_;
  if (cut_ && *cut_ < left.size() && random.chance(0.5)) left.resize(*cut_);

  // Either the first so many sectors are there, in order of writing, or any.
  const bool in_order = random.chance(0.5);
  const double kept = static_cast<double>(random.below(5)) / 4;
  for (const auto& [offset, size] : unsynced_) {
    std::uint64_t at = offset;
    bool is_cut_off = false;
    while (at < offset + size && !is_cut_off) {
      const std::uint64_t next =
          std::min((at / Content::sector_size + 1) * Content::sector_size, offset + size);
      if (in_order ? random.chance(0.75 + kept / 4) : random.chance(kept)) {
        keep(left, {at, next - at});
      } else {
        is_cut_off = in_order;
      }
      at = next;
    }
    if (is_cut_off) break;
  }
  if (left.size() < cached_.size() && random.chance(0.5)) left.resize(cached_.size());
  return left;
}

void StoredFile::sync_in_part(Random& random) {
  durable_ = survivors(random);
  unsynced_.clear();
  cut_.reset();
}

void StoredFile::crash(Random& random, Loss loss) {
  switch (loss) {
    case Loss::any:
      sync_in_part(random);
      break;
    case Loss::all:
      break;
    case Loss::none:
      sync();
      break;
  }
  unsynced_.clear();
  cut_.reset();
  cached_ = durable_;
  reserved_ = std::min(reserved_, cached_.size());
}

void StoredFile::flip_bit(std::uint64_t bit) {
  cached_.flip_bit(bit);
  if (bit / 8 < durable_.size()) durable_.flip_bit(bit);
}

std::uint64_t StoredFile::room() const {
  return std::max(pages_in(reserved_), cached_.page_count()) * Content::page_size;
}

std::uint64_t StoredFile::room_for(std::uint64_t offset, std::uint64_t size) const {
  std::uint64_t more = 0;
  for_each_page(offset, size, [&](auto page, auto, auto, auto) {
    if (page >= pages_in(reserved_) && !cached_.has_page(page)) ++more;
  });
  return more * Content::page_size;
}

}  // namespace holdfast::sim
