// What env::Disk promises, as tests that every implementation passes.
//
// A test program includes this, defines a fixture with `env::Disk& disk()` (empty at first) and
// `void run(Task<void>)`, and says
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyDisk, DiskContract, MyFixture);
#pragma once

#include "env/disk.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace holdfast::env {

template <class Fixture>
class DiskContract : public testing::Test {
 protected:
  Fixture fixture;
};

namespace disk_contract {

// `size` bytes that differ from place to place and from seed to seed.
inline Bytes pattern(std::size_t size, unsigned seed) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>((i * 31 + i / 4096 + seed) & 0xff);
  }
  return bytes;
}

inline Task<Bytes> content_of(Disk& disk, std::string name) {
  co_return (co_await read_file(disk, std::move(name), 16 * mib)).value();
}

inline Task<void> put(Disk& disk, std::string name, std::string content) {
  const auto file = (co_await disk.open(std::move(name), {.write = true, .create = true})).value();
  (co_await file->write(0, as_bytes(content))).value();
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::unsupported : result.error().code();
}

inline Task<void> reads_what_was_written(Disk& disk) {
  const auto file = (co_await disk.open("file", {.write = true, .create = true})).value();
  const Bytes written = pattern(100'000, 1);
  (co_await file->write(0, written)).value();
  (co_await file->sync()).value();
  EXPECT_EQ((co_await file->size()).value(), written.size());
  Bytes read(1000);
  EXPECT_EQ((co_await file->read(5000, read)).value(), 1000u);
  EXPECT_TRUE(std::ranges::equal(read, ByteView(written).subspan(5000, 1000)));
  EXPECT_EQ((co_await file->read(99'900, read)).value(), 100u);
  EXPECT_EQ((co_await file->read(100'000, read)).value(), 0u);
  EXPECT_EQ((co_await file->read(200'000, read)).value(), 0u);
  EXPECT_EQ(co_await content_of(disk, "file"), written);
}

inline Task<void> writes_anywhere(Disk& disk) {
  const auto file = (co_await disk.open("file", {.write = true, .create = true})).value();
  (co_await file->write(10'000, as_bytes("end"))).value();
  (co_await file->write(9'999, as_bytes("xy"))).value();
  (co_await file->write(3, {})).value();
  Bytes expected(10'003);
  std::memcpy(expected.data() + 9'999, "xynd", 4);
  EXPECT_EQ(co_await content_of(disk, "file"), expected);
}

inline Task<void> direct_is_the_same(Disk& disk) {
  const auto file =
      (co_await disk.open("file", {.write = true, .create = true, .direct = true})).value();
  AlignedBuffer out(3 * mib);
  const Bytes written = pattern(out.size(), 2);
  std::ranges::copy(written, out.view().begin());
  (co_await file->write(AlignedBuffer::alignment, out.view())).value();
  (co_await file->sync()).value();
  AlignedBuffer in(4 * mib);
  EXPECT_EQ((co_await file->read(AlignedBuffer::alignment, in.view())).value(), out.size());
  EXPECT_TRUE(std::ranges::equal(in.view().first(out.size()), written));
  EXPECT_EQ((co_await file->read(out.size(), in.view())).value(), AlignedBuffer::alignment);
  const auto plain = (co_await disk.open("file", {})).value();
  Bytes read(written.size());
  EXPECT_EQ((co_await plain->read(AlignedBuffer::alignment, read)).value(), read.size());
  EXPECT_EQ(read, written);
}

inline Task<void> writes_durably(Disk& disk) {
  const auto file = (co_await disk.open("file", {.write = true, .create = true})).value();
  (co_await file->write_durably(0, as_bytes("durable"))).value();
  (co_await file->write_durably(7, as_bytes(" too"))).value();
  EXPECT_EQ(as_text(co_await content_of(disk, "file")), "durable too");
}

inline Task<void> truncates(Disk& disk) {
  const auto file = (co_await disk.open("file", {.write = true, .create = true})).value();
  (co_await file->write(0, pattern(9000, 3))).value();
  (co_await file->truncate(5000)).value();
  EXPECT_EQ((co_await file->size()).value(), 5000u);
  (co_await file->truncate(7000)).value();
  Bytes expected = pattern(5000, 3);
  expected.resize(7000);
  EXPECT_EQ(co_await content_of(disk, "file"), expected);
}

inline Task<void> preallocates_zeros(Disk& disk) {
  const auto file = (co_await disk.open("file", {.write = true, .create = true})).value();
  (co_await file->write(0, as_bytes("kept"))).value();
  (co_await file->preallocate(1 * mib)).value();
  (co_await file->preallocate(4096)).value();
  Bytes expected(1 * mib);
  std::memcpy(expected.data(), "kept", 4);
  EXPECT_EQ((co_await file->size()).value(), expected.size());
  EXPECT_EQ(co_await content_of(disk, "file"), expected);
}

inline Task<void> creates_exclusively(Disk& disk) {
  EXPECT_EQ(code_of(co_await disk.open("file", {})), ErrorCode::not_found);
  EXPECT_EQ(code_of(co_await disk.open("file", {.write = true})), ErrorCode::not_found);
  co_await put(disk, "file", "one");
  EXPECT_EQ(code_of(co_await disk.open("file", {.write = true, .create = true})),
            ErrorCode::already_exists);
  EXPECT_EQ(code_of(co_await disk.open("no/file", {.write = true, .create = true})),
            ErrorCode::not_found);
  EXPECT_EQ(as_text(co_await content_of(disk, "file")), "one");
}

inline Task<void> renames(Disk& disk) {
  co_await put(disk, "a", "from a");
  co_await put(disk, "b", "from b");
  (co_await disk.rename("a", "b")).value();
  EXPECT_EQ(as_text(co_await content_of(disk, "b")), "from a");
  EXPECT_EQ(code_of(co_await disk.open("a", {})), ErrorCode::not_found);
  EXPECT_EQ(code_of(co_await disk.rename("a", "c")), ErrorCode::not_found);
  EXPECT_EQ(code_of(co_await disk.rename("b", "no/b")), ErrorCode::not_found);

  (co_await disk.make_folder("folder")).value();
  (co_await disk.rename("b", "folder/c")).value();
  (co_await disk.sync_folder("folder")).value();
  (co_await disk.rename("folder", "moved")).value();
  EXPECT_EQ(as_text(co_await content_of(disk, "moved/c")), "from a");
  (co_await disk.make_folder("full")).value();
  co_await put(disk, "full/file", "x");
  EXPECT_EQ(code_of(co_await disk.rename("moved", "full")), ErrorCode::conflict);
  EXPECT_EQ(code_of(co_await disk.rename("moved/c", "full")), ErrorCode::invalid);
  EXPECT_EQ(code_of(co_await disk.rename("moved", "moved/inside")), ErrorCode::invalid);
}

inline Task<void> links(Disk& disk) {
  co_await put(disk, "a", "from a");
  (co_await disk.make_folder("folder")).value();
  (co_await disk.link("a", "folder/b")).value();
  (co_await disk.sync_folder("folder")).value();
  EXPECT_EQ(code_of(co_await disk.link("a", "folder/b")), ErrorCode::already_exists);
  EXPECT_EQ(code_of(co_await disk.link("no", "c")), ErrorCode::not_found);
  EXPECT_EQ(code_of(co_await disk.link("folder", "c")), ErrorCode::unsupported);
  const auto file = (co_await disk.open("folder/b", {.write = true})).value();
  (co_await file->write(0, as_bytes("FROM"))).value();
  EXPECT_EQ(as_text(co_await content_of(disk, "a")), "FROM a");
  (co_await disk.remove("a")).value();
  EXPECT_EQ(as_text(co_await content_of(disk, "folder/b")), "FROM a");
}

inline Task<void> removes(Disk& disk) {
  co_await put(disk, "file", "x");
  const auto open = (co_await disk.open("file", {})).value();
  (co_await disk.remove("file")).value();
  EXPECT_EQ(code_of(co_await disk.remove("file")), ErrorCode::not_found);
  Bytes still(1);
  EXPECT_EQ((co_await open->read(0, still)).value(), 1u);

  (co_await disk.make_folder("folder")).value();
  (co_await disk.make_folder("folder")).value();
  co_await put(disk, "folder/file", "x");
  EXPECT_EQ(code_of(co_await disk.remove("folder")), ErrorCode::invalid);
  EXPECT_EQ(code_of(co_await disk.remove_folder("folder")), ErrorCode::conflict);
  EXPECT_EQ(code_of(co_await disk.remove_folder("folder/file")), ErrorCode::invalid);
  EXPECT_EQ(code_of(co_await disk.make_folder("folder/file")), ErrorCode::already_exists);
  (co_await disk.remove("folder/file")).value();
  (co_await disk.remove_folder("folder")).value();
  EXPECT_EQ(code_of(co_await disk.remove_folder("folder")), ErrorCode::not_found);
}

inline Task<void> lists(Disk& disk) {
  for (const auto* folder : {"b", "a"}) (co_await disk.make_folder(folder)).value();
  co_await put(disk, "a.file", "four");
  co_await put(disk, "a/hidden", "x");
  const auto entries = (co_await disk.list("")).value();
  EXPECT_EQ(entries.size(), 3u);
  if (entries.size() == 3) {
    EXPECT_EQ(entries[0].name, "a");
    EXPECT_TRUE(entries[0].is_folder);
    EXPECT_EQ(entries[1].name, "a.file");
    EXPECT_FALSE(entries[1].is_folder);
    EXPECT_EQ(entries[1].size, 4u);
    EXPECT_EQ(entries[2].name, "b");
  }
  EXPECT_TRUE((co_await disk.list("b")).value().empty());
  EXPECT_EQ(code_of(co_await disk.list("c")), ErrorCode::not_found);
  EXPECT_EQ(code_of(co_await disk.list("a.file")), ErrorCode::invalid);
}

inline Task<void> stays_below_its_root(Disk& disk) {
  for (const std::string name :
       {"..", "../file", "a/../../file", "/file", "a//b", "a/", "", ".", "./a"}) {
    EXPECT_EQ(code_of(co_await disk.open(name, {})), ErrorCode::invalid) << name;
    EXPECT_EQ(code_of(co_await disk.remove(name)), ErrorCode::invalid) << name;
    EXPECT_EQ(code_of(co_await disk.make_folder(name)), ErrorCode::invalid) << name;
    EXPECT_EQ(code_of(co_await disk.rename("a", name)), ErrorCode::invalid) << name;
  }
  EXPECT_EQ(code_of(co_await disk.list("..")), ErrorCode::invalid);
  EXPECT_EQ(code_of(co_await disk.sync_folder("../x")), ErrorCode::invalid);
  EXPECT_EQ(code_of(co_await disk.open(std::string("a\0b", 3), {})), ErrorCode::invalid);
  EXPECT_EQ(code_of(co_await disk.open(std::string(256, 'a'), {})), ErrorCode::invalid);
  co_await put(disk, "file", "x");
  EXPECT_EQ(code_of(co_await disk.open("file/below", {})), ErrorCode::invalid);
}

inline Task<void> knows_its_space(Disk& disk) {
  const Space space = (co_await disk.space()).value();
  EXPECT_GT(space.size, 0u);
  EXPECT_LE(space.free, space.size);
}

inline Task<void> locks(Disk& disk) {
  auto lock = (co_await disk.lock("lock", "the first holder")).value();
  auto second = co_await disk.lock("lock", "the second");
  EXPECT_EQ(code_of(second), ErrorCode::conflict);
  EXPECT_NE(second.error().context().find("the first holder"), std::string::npos);
  EXPECT_EQ(as_text(co_await content_of(disk, "lock")), "the first holder");
  lock.reset();
  lock = (co_await disk.lock("lock", "the next")).value();
  EXPECT_EQ(as_text(co_await content_of(disk, "lock")), "the next");
}

inline Task<void> replaces_whole_files(Disk& disk) {
  (co_await disk.make_folder("folder")).value();
  co_await put(disk, "folder/file.new", "left behind");
  (co_await replace_file(disk, "folder/file", as_bytes("one"))).value();
  (co_await replace_file(disk, "folder/file", as_bytes("two"))).value();
  EXPECT_EQ(as_text(co_await content_of(disk, "folder/file")), "two");
  EXPECT_EQ((co_await disk.list("folder")).value().size(), 1u);
  EXPECT_EQ(code_of(co_await read_file(disk, "folder/file", 2)), ErrorCode::invalid);
}

}  // namespace disk_contract

TYPED_TEST_SUITE_P(DiskContract);

#define DISK_CONTRACT(Sentence, task)                             \
  TYPED_TEST_P(DiskContract, Sentence) {                          \
    this->fixture.run(disk_contract::task(this->fixture.disk())); \
  }
DISK_CONTRACT(ReadsWhatWasWritten, reads_what_was_written)
DISK_CONTRACT(WritesAnywhereAndLeavesZerosBetween, writes_anywhere)
DISK_CONTRACT(DirectFilesHoldTheSame, direct_is_the_same)
DISK_CONTRACT(WritesDurably, writes_durably)
DISK_CONTRACT(TruncatesDownAndUp, truncates)
DISK_CONTRACT(PreallocatesZerosAndKeepsWhatWasThere, preallocates_zeros)
DISK_CONTRACT(CreatesOnlyWhatIsNotThere, creates_exclusively)
DISK_CONTRACT(RenamesFilesAndFolders, renames)
DISK_CONTRACT(LinksFiles, links)
DISK_CONTRACT(RemovesFilesAndEmptyFolders, removes)
DISK_CONTRACT(ListsInOrderOfNames, lists)
DISK_CONTRACT(NamesNeverLeaveTheRoot, stays_below_its_root)
DISK_CONTRACT(KnowsItsSpace, knows_its_space)
DISK_CONTRACT(LocksAgainstEverybodyElse, locks)
DISK_CONTRACT(ReplacesWholeFiles, replaces_whole_files)
#undef DISK_CONTRACT

REGISTER_TYPED_TEST_SUITE_P(DiskContract, ReadsWhatWasWritten, WritesAnywhereAndLeavesZerosBetween,
                            DirectFilesHoldTheSame, WritesDurably, TruncatesDownAndUp,
                            PreallocatesZerosAndKeepsWhatWasThere, CreatesOnlyWhatIsNotThere,
                            RenamesFilesAndFolders, LinksFiles, RemovesFilesAndEmptyFolders,
                            ListsInOrderOfNames, NamesNeverLeaveTheRoot, KnowsItsSpace,
                            LocksAgainstEverybodyElse, ReplacesWholeFiles);

}  // namespace holdfast::env
