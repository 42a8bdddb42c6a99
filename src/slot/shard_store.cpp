#include "slot/shard_store.h"

#include "base/hex.h"
#include "codec/checksum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace holdfast::slot {
namespace {

constexpr std::string_view suffix = ".shard";

std::string describe(ShardName name) {
  return fmt::format("shard {} of segment {}", name.number, to_string(name.segment));
}

// In the order of names, so that a list of files is a list of shards.
std::string file_name_of(ShardName name) {
  return fmt::format("{}-{:02x}{}", to_string(name.segment), name.number, suffix);
}

std::optional<ShardName> name_of(std::string_view file_name) {
  constexpr std::size_t id_digits = 2 * SegmentId::size;
  if (file_name.size() != id_digits + 3 + suffix.size() || file_name[id_digits] != '-' ||
      !file_name.ends_with(suffix)) {
    return std::nullopt;
  }
  const auto segment = from_hex(file_name.substr(0, id_digits));
  const auto number = from_hex(file_name.substr(id_digits + 1, 2));
  if (!segment || !number) return std::nullopt;
  return ShardName{.segment = SegmentId::from(*segment),
                   .number = std::to_integer<std::uint8_t>(number->front())};
}

bool is_aligned(ByteView view) {
  return view.size() % AlignedBuffer::alignment == 0 &&
         reinterpret_cast<std::uintptr_t>(view.data()) % AlignedBuffer::alignment == 0;
}

// Walks pieces that lie end to end, checking the CRC of each block that it passes.
class CheckedPieces {
 public:
  explicit CheckedPieces(const ShardContent& content) : content_(content) {}

  // The next bytes to write, all in one place: either a run of a piece that is aligned, or copied
  // into `staging`. Empty at the end. `corrupt` when a block is not what its checksum says.
  Result<ByteView> next(AlignedBuffer& staging, std::size_t size_max) {
    while (piece_ < content_.pieces.size() && left().empty()) next_piece();
    if (piece_ == content_.pieces.size()) return ByteView();
    const std::size_t whole = left().size() / AlignedBuffer::alignment * AlignedBuffer::alignment;
    const ByteView run = left().first(std::min(whole, size_max));
    if (!run.empty() && is_aligned(run)) {
      TRY(pass(run));
      return run;
    }
    if (staging.size() == 0) staging = AlignedBuffer(size_max);
    std::size_t filled = 0;
    while (filled < size_max && piece_ < content_.pieces.size()) {
      const ByteView part = left().first(std::min(left().size(), size_max - filled));
      if (!part.empty()) std::memcpy(staging.data() + filled, part.data(), part.size());
      filled += part.size();
      TRY(pass(part));
      if (left().empty()) next_piece();
    }
    return staging.view().first(filled);
  }

 private:
  ByteView left() const { return content_.pieces[piece_].subspan(offset_); }
  void next_piece() {
    ++piece_;
    offset_ = 0;
  }

  Result<void> pass(ByteView bytes) {
    offset_ += bytes.size();
    while (!bytes.empty()) {
      const ByteView part = bytes.first(std::min(bytes.size(), block_bytes - in_block_));
      checksum_ = codec::crc32c(part, checksum_);
      in_block_ += part.size();
      bytes = bytes.subspan(part.size());
      if (in_block_ < block_bytes) break;
      if (checksum_ != content_.checksums[block_]) {
        return fail(ErrorCode::corrupt, fmt::format("block {} does not have its checksum", block_));
      }
      ++block_;
      in_block_ = 0;
      checksum_ = 0;
    }
    return {};
  }

  const ShardContent& content_;
  std::size_t piece_ = 0;
  std::size_t offset_ = 0;  // In the piece.
  std::size_t block_ = 0;
  std::size_t in_block_ = 0;
  std::uint32_t checksum_ = 0;
};

Result<std::uint64_t> check_content(const ShardContent& content) {
  std::uint64_t size = 0;
  for (const ByteView piece : content.pieces) size += piece.size();
  if (size == 0 || size % block_bytes != 0 || size > shard_bytes_max ||
      content.leaves.size() != size / block_bytes ||
      content.checksums.size() != size / block_bytes) {
    return fail(ErrorCode::invalid,
                fmt::format("a shard of {} bytes with {} hashes and {} checksums", size,
                            content.leaves.size(), content.checksums.size()));
  }
  return size;
}

}  // namespace

std::string ShardStore::folder_of(ShardName name) const {
  const std::string id = to_string(name.segment);
  return folder_ + "/" + id.substr(0, 2) + "/" + id.substr(2, 2);
}

Task<Result<void>> ShardStore::open() {
  CO_TRY(co_await add_folder(folder_, fresh_));
  CO_TRY_LET(const auto leftovers, co_await disk_.list(fresh_));
  for (const env::Entry& entry : leftovers) {
    CO_TRY(co_await disk_.remove(fresh_ + "/" + entry.name));
  }
  CO_TRY_LET(const auto outer, co_await disk_.list(folder_));
  for (const env::Entry& first : outer) {
    if (!first.is_folder || first.name.size() != 2) continue;
    const std::string middle = folder_ + "/" + first.name;
    CO_TRY_LET(const auto inner, co_await disk_.list(middle));
    for (const env::Entry& second : inner) {
      CO_TRY_LET(const auto files, co_await disk_.list(middle + "/" + second.name));
      for (const env::Entry& file : files) size_bytes_ += file.size;
    }
  }
  co_return Result<void>();
}

Task<Result<void>> ShardStore::put(ShardName name, ShardContent content) {
  CO_TRY(check_content(content));
  while (being_put_.contains(name)) co_await put_ended_.wait();
  being_put_.insert(name);
  auto result = co_await put_alone(name, std::move(content));
  being_put_.erase(name);
  put_ended_.wake_all();
  if (!result) co_return std::unexpected(std::move(result).error().within(describe(name)));
  co_return result;
}

Task<Result<void>> ShardStore::put_alone(ShardName name, ShardContent content) {
  CO_TRY_LET(const std::uint64_t size, check_content(content));
  const std::string folder = folder_of(name);
  CO_TRY_LET(const bool is_there, co_await has_already(name, shard_root(name, content.leaves)));
  // An earlier put may have failed between the two last steps, so the folder is synced again.
  if (is_there) co_return co_await disk_.sync_folder(folder);

  const std::string fresh = fmt::format("{}/{:x}", fresh_, ++names_ever_);
  auto written = co_await write_file(fresh, name, content);
  if (written) written = co_await make_folders(folder);
  if (written) written = co_await disk_.rename(fresh, folder + "/" + file_name_of(name));
  if (!written) {
    // Whatever it is now, it is not read again; its room goes back at once.
    static_cast<void>(co_await disk_.remove(fresh));
    co_return written;
  }
  size_bytes_ += size + shard_trailer_bytes(static_cast<std::uint32_t>(content.leaves.size()));
  co_return co_await disk_.sync_folder(folder);
}

Task<Result<bool>> ShardStore::has_already(ShardName name, codec::MerkleHash root) {
  auto shard = co_await open_shard(name);
  if (!shard && shard.error().code() == ErrorCode::not_found) co_return false;
  if (!shard) co_return std::unexpected(std::move(shard).error());
  CO_TRY_LET(const ShardFooter footer, co_await read_footer(*shard));
  if (footer.root != root) co_return fail(ErrorCode::conflict, "it exists with other content");
  co_return true;
}

Task<Result<void>> ShardStore::write_file(std::string path, ShardName name,
                                          const ShardContent& content) {
  CO_TRY_LET(const auto file,
             co_await disk_.open(path, {.write = true, .create = true, .direct = true}));
  const AlignedBuffer trailer = encode_shard_trailer(name, content.leaves, content.checksums);
  CO_TRY(co_await file->preallocate(content.leaves.size() * block_bytes + trailer.size()));
  CheckedPieces pieces(content);
  AlignedBuffer staging;
  std::uint64_t offset = 0;
  for (;;) {
    CO_TRY_LET(const ByteView bytes, pieces.next(staging, write_bytes_max));
    if (bytes.empty()) break;
    CO_TRY(co_await file->write(offset, bytes));
    offset += bytes.size();
  }
  CO_TRY(co_await file->write(offset, trailer.view()));
  co_return co_await file->sync();
}

Task<Result<void>> ShardStore::make_folders(std::string leaf_folder) {
  if (known_folders_.contains(leaf_folder)) co_return Result<void>();
  const std::string middle = leaf_folder.substr(0, leaf_folder.size() - 3);
  CO_TRY(co_await add_folder(folder_, middle));
  co_return co_await add_folder(middle, std::move(leaf_folder));
}

Task<Result<void>> ShardStore::add_folder(std::string parent, std::string path) {
  if (known_folders_.contains(path)) co_return Result<void>();
  CO_TRY(co_await disk_.make_folder(path));
  CO_TRY(co_await disk_.sync_folder(parent));
  known_folders_.insert(std::move(path));
  co_return Result<void>();
}

Task<Result<ShardStore::Handle>> ShardStore::open_shard(ShardName name) {
  const auto found =
      std::ranges::find(handles_, name, [](const Handle& each) { return each->name; });
  if (found != handles_.end()) {
    handles_.splice(handles_.begin(), handles_, found);
    co_return handles_.front();
  }
  const std::string path = folder_of(name) + "/" + file_name_of(name);
  auto file = co_await disk_.open(path, {.direct = true});
  if (!file) co_return std::unexpected(std::move(file).error().within(describe(name)));
  CO_TRY_LET(const std::uint64_t size, co_await (*file)->size());
  const auto block_count = shard_blocks_of(size);
  if (!block_count) {
    co_return fail(ErrorCode::corrupt, fmt::format("{}: no shard has {} bytes", path, size));
  }
  auto shard = std::make_shared<OpenShard>(name, *block_count, std::move(*file));
  forget_handle(name);  // Somebody else may have opened it meanwhile.
  handles_.push_front(shard);
  if (handles_.size() > open_files_max) handles_.pop_back();
  co_return shard;
}

void ShardStore::forget_handle(ShardName name) {
  std::erase_if(handles_, [&](const Handle& each) { return each->name == name; });
}

Task<Result<void>> ShardStore::read(ShardName name, std::uint32_t first_block,
                                    MutableByteView into) {
  CO_TRY_LET(const Handle shard, co_await open_shard(name));
  co_return co_await read_blocks(shard, first_block, into);
}

Task<Result<void>> ShardStore::read_blocks(Handle shard, std::uint32_t first_block,
                                           MutableByteView into) {
  const std::uint64_t block_count = into.size() / block_bytes;
  if (block_count == 0 || into.size() % block_bytes != 0 || first_block > shard->block_count ||
      block_count > shard->block_count - first_block) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("{}: {} bytes from block {} of {}", describe(shard->name),
                               into.size(), first_block, shard->block_count));
  }
  CO_TRY_LET(const std::size_t size, co_await shard->file->read(first_block * block_bytes, into));
  if (size != into.size()) {
    co_return fail(ErrorCode::corrupt, describe(shard->name) + " is cut short");
  }
  co_return Result<void>();
}

Task<Result<ShardFooter>> ShardStore::read_footer(Handle shard) {
  const std::uint64_t file_bytes =
      shard->block_count * block_bytes + shard_trailer_bytes(shard->block_count);
  AlignedBuffer end(AlignedBuffer::alignment);
  CO_TRY_LET(const std::size_t size,
             co_await shard->file->read(file_bytes - end.size(), end.view()));
  auto footer = decode_shard_footer(end.view().first(size));
  if (!footer) co_return std::unexpected(std::move(footer).error().within(describe(shard->name)));
  if (footer->name != shard->name || footer->block_count != shard->block_count) {
    co_return fail(ErrorCode::corrupt, describe(shard->name) + ": the file is of another shard");
  }
  co_return footer;
}

Task<Result<AlignedBuffer>> ShardStore::read_verified(ShardName name, std::uint32_t first_block,
                                                      std::uint32_t block_count) {
  CO_TRY_LET(const Handle shard, co_await open_shard(name));
  CO_TRY_LET(const ShardFooter footer, co_await read_footer(shard));
  AlignedBuffer trailer(shard_trailer_bytes(shard->block_count));
  CO_TRY_LET(const std::size_t size,
             co_await shard->file->read(shard->block_count * block_bytes, trailer.view()));
  auto table = decode_shard_table(trailer.view().first(size), footer);
  if (!table) co_return std::unexpected(std::move(table).error().within(describe(name)));
  // More than there are: no memory is asked for.
  if (block_count > shard->block_count) {
    co_return fail(ErrorCode::invalid, describe(name) + " has fewer blocks");
  }
  AlignedBuffer blocks(block_count * block_bytes);
  CO_TRY(co_await read_blocks(shard, first_block, blocks.view()));
  for (std::uint32_t i = 0; i < block_count; ++i) {
    const ByteView block = blocks.view().subspan(i * block_bytes, block_bytes);
    if (codec::merkle_leaf(block) != table->leaves[first_block + i]) {
      co_return fail(ErrorCode::corrupt,
                     fmt::format("{}: block {} is damaged", describe(name), first_block + i));
    }
  }
  co_return blocks;
}

Task<Result<ShardHead>> ShardStore::head(ShardName name) {
  CO_TRY_LET(const Handle shard, co_await open_shard(name));
  CO_TRY_LET(const ShardFooter footer, co_await read_footer(shard));
  co_return ShardHead{.size = shard->block_count * block_bytes, .root = footer.root};
}

Task<Result<void>> ShardStore::remove(ShardName name) {
  auto shard = co_await open_shard(name);
  forget_handle(name);
  const std::string folder = folder_of(name);
  auto removed = co_await disk_.remove(folder + "/" + file_name_of(name));
  if (!removed && removed.error().code() == ErrorCode::not_found) co_return Result<void>();
  if (!removed) co_return removed;
  if (shard) {
    size_bytes_ -= (*shard)->block_count * block_bytes + shard_trailer_bytes((*shard)->block_count);
  }
  co_return co_await disk_.sync_folder(folder);
}

Task<Result<std::vector<ShardName>>> ShardStore::list(std::optional<ShardName> after,
                                                      std::size_t count_max) {
  std::vector<ShardName> names;
  const std::string last = after ? file_name_of(*after) : std::string();
  CO_TRY_LET(const auto outer, co_await disk_.list(folder_));
  for (const env::Entry& first : outer) {
    if (!first.is_folder || first.name.size() != 2 || first.name < last.substr(0, 2)) continue;
    const std::string middle = folder_ + "/" + first.name;
    CO_TRY_LET(const auto inner, co_await disk_.list(middle));
    for (const env::Entry& second : inner) {
      if (first.name + second.name < last.substr(0, 4)) continue;
      CO_TRY_LET(const auto files, co_await disk_.list(middle + "/" + second.name));
      for (const env::Entry& file : files) {
        const auto name = name_of(file.name);
        if (!name || (after && *name <= *after)) continue;
        if (names.size() == count_max) co_return names;
        names.push_back(*name);
      }
    }
  }
  co_return names;
}

}  // namespace holdfast::slot
