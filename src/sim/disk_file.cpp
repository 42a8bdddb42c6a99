#include "sim/disk_file.h"

#include "base/check.h"

namespace holdfast::sim {

Disk::Verdict Disk::OpenFile::judge(Operation operation, bool changes) {
  if (start_ != disk_.starts_) return Verdict::is_dead;
  check(mode_.write || !changes, "a file opened for reading is only read");
  return disk_.judge(operation, name_, changes);
}

void Disk::OpenFile::check_alignment(std::uint64_t offset, ByteView memory) const {
  if (!mode_.direct) return;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  check((offset | memory.size() | address) % AlignedBuffer::alignment == 0,
        "direct reads and writes are aligned");
}

Task<Result<std::size_t>> Disk::OpenFile::read(std::uint64_t offset, MutableByteView into) {
  check_alignment(offset, into);
  co_await disk_.half_wait();
  CO_TRY(disk_.verdict_error(judge(Operation::read, false), name_));
  const std::size_t size = node_->file.read(offset, into);
  co_await disk_.half_wait();
  co_return size;
}

Task<Result<void>> Disk::OpenFile::write(std::uint64_t offset, ByteView content) {
  check_alignment(offset, content);
  co_await disk_.half_wait();
  const Verdict verdict = judge(Operation::write, true);
  Result<void> done;
  if (verdict != Verdict::is_dead) {
    done = disk_.reserve_room(node_->file, name_, offset, content.size());
    if (verdict == Verdict::goes_well && done) {
      node_->file.write(offset, content);
    } else if (verdict != Verdict::goes_well) {
      node_->file.write(offset, content.first(disk_.random_.below(content.size() + 1)));
    }
  }
  co_await disk_.half_wait();
  CO_TRY(disk_.verdict_error(verdict, name_));
  co_return done;
}

Task<Result<void>> Disk::OpenFile::sync() {
  co_await disk_.half_wait();
  const Verdict verdict = judge(Operation::sync, true);
  if (verdict == Verdict::goes_well) {
    node_->file.sync();
  } else if (verdict != Verdict::is_dead) {
    node_->file.sync_in_part(disk_.random_);
  }
  co_await disk_.half_wait();
  co_return disk_.verdict_error(verdict, name_);
}

Task<Result<void>> Disk::OpenFile::resize(std::uint64_t size, bool is_reservation) {
  co_await disk_.half_wait();
  const Verdict verdict = judge(Operation::write, true);
  const bool happens = verdict == Verdict::goes_well ||
                       (verdict == Verdict::stops_midway && disk_.random_.chance(0.5));
  Result<void> done;
  if (happens && is_reservation) {
    done = disk_.reserve_room(node_->file, name_, 0, size);
    if (done) node_->file.preallocate(size);
  } else if (happens) {
    node_->file.truncate(size);
  }
  co_await disk_.half_wait();
  CO_TRY(disk_.verdict_error(verdict, name_));
  co_return done;
}

Task<Result<void>> Disk::OpenFile::truncate(std::uint64_t size) {
  return resize(size, false);
}

Task<Result<void>> Disk::OpenFile::preallocate(std::uint64_t size) {
  return resize(size, true);
}

Task<Result<std::uint64_t>> Disk::OpenFile::size() {
  CO_TRY(disk_.verdict_error(judge(Operation::read, false), name_));
  co_return node_->file.size();
}

}  // namespace holdfast::sim
