// An open file of a simulated disk. Part of sim/disk.cpp; not for anybody else.
#pragma once

#include "sim/disk.h"

namespace holdfast::sim {

class Disk::OpenFile final : public env::File {
 public:
  OpenFile(Disk& disk, Names::NodePointer node, std::string name, env::OpenMode mode)
      : disk_(disk),
        start_(disk.starts_),
        node_(std::move(node)),
        name_(std::move(name)),
        mode_(mode) {}

  Task<Result<std::size_t>> read(std::uint64_t offset, MutableByteView into) override;
  Task<Result<void>> write(std::uint64_t offset, ByteView content) override;
  Task<Result<void>> sync() override;
  Task<Result<void>> truncate(std::uint64_t size) override;
  Task<Result<void>> preallocate(std::uint64_t size) override;
  Task<Result<std::uint64_t>> size() override;

 private:
  Verdict judge(Operation operation, bool changes);
  void check_alignment(std::uint64_t offset, ByteView memory) const;
  // Room first, then the effect, in the middle of the latency.
  Task<Result<void>> resize(std::uint64_t size, bool is_reservation);

  Disk& disk_;
  std::uint64_t start_;
  Names::NodePointer node_;
  std::string name_;
  env::OpenMode mode_;
};

}  // namespace holdfast::sim
