// InputBuffer holds what was received and not yet used, in one piece.
#pragma once

#include "base/bytes.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace holdfast::net {

class InputBuffer {
 public:
  InputBuffer() = default;
  InputBuffer(InputBuffer&& other) noexcept { *this = std::move(other); }
  InputBuffer& operator=(InputBuffer&& other) noexcept {
    storage_ = std::move(other.storage_);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  ByteView view() const { return {storage_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool is_empty() const { return begin_ == end_; }

  void consume(std::size_t size) { begin_ += size; }

  // Room for at least `size` more bytes, to be filled and then told by commit().
  MutableByteView room(std::size_t size) {
    if (is_empty()) begin_ = end_ = 0;
    if (capacity_ - end_ < size) make_room(size);
    return {storage_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t size) { end_ += size; }

  // Gives memory back that a large head took, once that is used up.
  void shrink(std::size_t capacity_max) {
    if (!is_empty() || capacity_ <= capacity_max) return;
    storage_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  void make_room(std::size_t size) {
    const std::size_t used = this->size();
    if (capacity_ >= used + size) {
      std::memmove(storage_.get(), storage_.get() + begin_, used);
    } else {
      capacity_ = std::max(used + size, 2 * capacity_);
      auto storage = std::make_unique_for_overwrite<std::byte[]>(capacity_);
      if (used > 0) std::memcpy(storage.get(), storage_.get() + begin_, used);
      storage_ = std::move(storage);
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<std::byte[]> storage_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace holdfast::net
