// The content of a simulated file: what programs see, and what a crash would leave of it.
//
// Written sectors become durable by sync(); until then a crash keeps any of them or none, as a disk
// that reorders its writes and tears the last one would.
#pragma once

#include "base/bytes.h"
#include "sim/random.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace holdfast::sim {

// What a crash does to what was not synced.
enum class Loss : std::uint8_t {
  any,   // Each time drawn anew: some, all or nothing of it is lost.
  all,   // All of it is lost.
  none,  // Nothing is lost, as if everything had been synced in time.
};

// Bytes in pages. Copies share pages until one changes. Pages never written are zeros.
class Content {
 public:
  static constexpr std::uint64_t page_size = 4096;
  static constexpr std::uint64_t sector_size = 512;

  std::uint64_t size() const { return size_; }
  std::uint64_t page_count() const { return pages_.size(); }
  bool has_page(std::uint64_t page) const { return pages_.contains(page); }

  // The part of `into` that lies before the end of the content.
  std::size_t read(std::uint64_t offset, MutableByteView into) const;
  void write(std::uint64_t offset, ByteView bytes);
  void resize(std::uint64_t size);

  // Takes over the pages of `from` that hold some of these bytes.
  void share_pages(const Content& from, std::uint64_t offset, std::uint64_t size);

  void flip_bit(std::uint64_t bit);

 private:
  using Page = std::array<std::byte, page_size>;

  Page& own_page(std::uint64_t page);

  std::uint64_t size_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Page>> pages_;
};

class StoredFile {
 public:
  std::uint64_t size() const { return cached_.size(); }
  std::size_t read(std::uint64_t offset, MutableByteView into) const;

  void write(std::uint64_t offset, ByteView bytes);
  void truncate(std::uint64_t size);
  void preallocate(std::uint64_t size);

  void sync();

  // A sync that fails on its way: some of the content is durable, and all of it counts as clean.
  void sync_in_part(Random& random);

  // Afterwards programs see what the crash left.
  void crash(Random& random, Loss loss);

  // Damages the file on the disk and in the cache.
  void flip_bit(std::uint64_t bit);

  // Room that the file takes on the disk, and that it would take more for a write.
  std::uint64_t room() const;
  std::uint64_t room_for(std::uint64_t offset, std::uint64_t size) const;

 private:
  struct Extent {
    std::uint64_t offset;
    std::uint64_t size;
  };

  void keep(Content& content, Extent extent) const;
  Content survivors(Random& random) const;

  Content cached_;
  Content durable_;
  std::uint64_t reserved_ = 0;        // Bytes from the start that take room, written or not.
  std::vector<Extent> unsynced_;      // In order of writing.
  std::optional<std::uint64_t> cut_;  // The least size that the file had since the last sync.
};

}  // namespace holdfast::sim
