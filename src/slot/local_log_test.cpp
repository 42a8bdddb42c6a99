// The logs of a LocalSlot on a disk that forgets, tears, fails, fills up and rots.
#include "slot/fixture_test.h"

#include <algorithm>

namespace holdfast::slot {
namespace {

class LocalLogTest : public SlotFixture {
 protected:
  LocalLogTest() : slot(world.run(create(disk)).value()) {}
  void TearDown() override { world.run(slot->close()); }

  void reopen() {
    world.run(slot->close());
    slot.reset();
    slot = world.run(open(disk)).value();
  }
  void restart_after_crash() {
    world.run(slot->close());  // Ends what goes on in the background; the disk is dead by now.
    slot.reset();
    disk.crash();
    slot = world.run(open(disk)).value();
  }
  Result<void> append(const MadeRecords& records, std::size_t first, std::size_t last) {
    return world.run(append_now(records, first, last));
  }
  Task<Result<void>> append_now(const MadeRecords& records, std::size_t first, std::size_t last) {
    const auto views = records.views(first, last);
    co_return co_await slot->append(writer(*slot), records.tails[first - 1], views);
  }
  Result<std::vector<LogRecord>> read(std::uint64_t from, std::size_t bytes_max = mib) {
    return world.run(slot->read_log(generation, from, bytes_max));
  }
  void make_log() {
    world.run(slot->create_log(writer(*slot), {}, to_bytes(as_bytes("header")))).value();
  }
  std::vector<std::string> log_files() const {
    auto names = disk.file_names();
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".log"); });
    return names;
  }
  // All records from `first` to `last` are there, and no others.
  void expect_records(const MadeRecords& records, std::size_t first, std::size_t last) {
    std::uint64_t next = first;
    for (;;) {
      const auto found = read(next).value();
      if (found.empty()) break;
      for (const LogRecord& record : found) {
        EXPECT_EQ(record.sequence, next);
        ASSERT_LE(next, last);
        EXPECT_EQ(record.content, records.contents[next - 1]);
        ++next;
      }
    }
    EXPECT_EQ(next, last + 1);
  }

  std::unique_ptr<LocalSlot> slot;
};

TEST_F(LocalLogTest, RecordsComeBackInOrder) {
  make_log();
  const MadeRecords records(50);
  append(records, 1, 1).value();
  append(records, 2, 30).value();
  append(records, 31, 50).value();
  expect_records(records, 1, 50);
  expect_records(records, 17, 50);
  EXPECT_EQ(read(5, 1).value().size(), 1u);
  EXPECT_EQ(read(5, 350).value().size(), 3u);
  reopen();
  expect_records(records, 1, 50);
}

TEST_F(LocalLogTest, WhatIsThereAlreadyIsFineIfItIsTheSame) {
  make_log();
  const MadeRecords records(20);
  append(records, 1, 10).value();
  EXPECT_TRUE(append(records, 1, 10));
  EXPECT_TRUE(append(records, 4, 7));
  EXPECT_TRUE(append(records, 10, 10));
  EXPECT_TRUE(append(records, 8, 15));
  expect_records(records, 1, 15);
  EXPECT_EQ(append(records, 17, 20).error().code(), ErrorCode::invalid);

  MadeRecords others(20, 100, 2);
  EXPECT_EQ(append(others, 1, 10).error().code(), ErrorCode::conflict);
  others.tails[15] = records.tails[15];
  EXPECT_TRUE(append(others, 16, 16));
  EXPECT_EQ(append(records, 16, 16).error().code(), ErrorCode::conflict);
  EXPECT_EQ(append(records, 15, 17).error().code(), ErrorCode::conflict);
}

TEST_F(LocalLogTest, ALogIsMadeOnceAndNeverByTheWay) {
  EXPECT_EQ(append(MadeRecords(1), 1, 1).error().code(), ErrorCode::not_found);
  EXPECT_EQ(world.run(slot->fence(generation, 9)).error().code(), ErrorCode::not_found);
  make_log();
  make_log();
  EXPECT_EQ(world.run(slot->create_log(writer(*slot), {}, {})).error().code(), ErrorCode::conflict);
  append(MadeRecords(1), 1, 1).value();
  EXPECT_EQ(
      world.run(slot->create_log(writer(*slot), {}, to_bytes(as_bytes("header")))).error().code(),
      ErrorCode::conflict);
  world.run(slot->remove_log(writer(*slot))).value();
  world.run(slot->remove_log(writer(*slot))).value();
  EXPECT_EQ(
      world.run(slot->create_log(writer(*slot), {}, to_bytes(as_bytes("header")))).error().code(),
      ErrorCode::corrupt);
  EXPECT_EQ(world.run(slot->fence(generation, 9)).error().code(), ErrorCode::not_found);
  EXPECT_TRUE(world.run(slot->list_logs()).value().empty());
}

TEST_F(LocalLogTest, AFenceHoldsAndSurvives) {
  make_log();
  const MadeRecords records(9);
  append(records, 1, 5).value();
  const auto reply = world.run(slot->fence(generation, 3)).value();
  EXPECT_EQ(reply.tail, records.tails[5]);
  EXPECT_EQ(reply.before, LogTail());
  EXPECT_EQ(reply.incarnations, std::vector{slot->incarnation()});
  EXPECT_EQ(append(records, 6, 6).error().code(), ErrorCode::conflict);
  EXPECT_EQ(world.run(slot->fence(generation, 2)).error().code(), ErrorCode::conflict);
  EXPECT_EQ(world.run(slot->fence(generation, 3)).value().tail, records.tails[5]);
  EXPECT_EQ(world.run(slot->remove_log(writer(*slot, 2))).error().code(), ErrorCode::conflict);

  const Incarnation before = slot->incarnation();
  disk.fail_after(0);
  restart_after_crash();
  EXPECT_EQ(append(records, 6, 6).error().code(), ErrorCode::conflict);
  const auto again = world.run(slot->fence(generation, 4)).value();
  EXPECT_EQ(again.incarnations, (std::vector{before, slot->incarnation()}));
  EXPECT_EQ(world.run(slot->list_logs()).value().front().epoch, 4u);
}

TEST_F(LocalLogTest, AnEarlierIncarnationMayNeitherMakeNorChangeALog) {
  make_log();
  LogWriter late = writer(*slot);
  reopen();
  const MadeRecords records(1);
  const auto views = records.views(1, 1);
  EXPECT_EQ(world.run(slot->append(late, {}, views)).error().code(), ErrorCode::conflict);
  EXPECT_EQ(world.run(slot->truncate_log(late, 1)).error().code(), ErrorCode::conflict);
  EXPECT_EQ(world.run(slot->cut_log(late, {})).error().code(), ErrorCode::conflict);
  EXPECT_EQ(world.run(slot->remove_log(late)).error().code(), ErrorCode::conflict);
  late.generation.bytes[0] ^= std::byte{1};
  EXPECT_EQ(world.run(slot->create_log(late, {}, {})).error().code(), ErrorCode::conflict);
}

TEST_F(LocalLogTest, TruncationRecyclesFilesAndOldRecordsStayAway) {
  make_log();
  const MadeRecords records(400, 20'000);  // 8 MB through files of 1 MiB.
  for (std::size_t i = 1; i <= 400; i += 4) {
    append(records, i, i + 3).value();
    if (i < 20) continue;
    world.run(slot->truncate_log(writer(*slot), i - 10)).value();
    EXPECT_LE(log_files().size(), 2u);
  }
  EXPECT_EQ(read(380).error().code(), ErrorCode::not_found);
  expect_records(records, 387, 400);
  reopen();
  expect_records(records, 387, 400);
  const auto reply = world.run(slot->fence(generation, 2)).value();
  EXPECT_EQ(reply.before, records.tails[386]);
  EXPECT_EQ(reply.tail, records.tails[400]);
  EXPECT_EQ(world.run(slot->truncate_log(writer(*slot, 2), 402)).error().code(),
            ErrorCode::invalid);
  world.run(slot->truncate_log(writer(*slot, 2), 401)).value();
  EXPECT_TRUE(read(401).value().empty());
}

TEST_F(LocalLogTest, ABatchLargerThanAFileHasOneOfItsOwn) {
  make_log();
  const MadeRecords records(5, 700'000);
  append(records, 1, 5).value();
  append(records, 1, 5).value();
  expect_records(records, 1, 5);
  reopen();
  expect_records(records, 1, 5);
}

TEST_F(LocalLogTest, ACutLogEndsThereForGood) {
  make_log();
  const MadeRecords records(9);
  append(records, 1, 9).value();
  EXPECT_EQ(world.run(slot->cut_log(writer(*slot), {.sequence = 5, .chain = {}})).error().code(),
            ErrorCode::conflict);
  world.run(slot->cut_log(writer(*slot), records.tails[5])).value();
  expect_records(records, 1, 5);
  EXPECT_EQ(append(records, 6, 9).error().code(), ErrorCode::conflict);
  reopen();
  expect_records(records, 1, 5);
  EXPECT_EQ(world.run(slot->fence(generation, 2)).value().tail, records.tails[5]);
}

TEST_F(LocalLogTest, ATornTailIsCutAndTheLogGoesOn) {
  const MadeRecords records(30, 5'000);
  for (std::uint64_t count = 0; count < 6; ++count) {
    generation = random.draw<GenerationId>();
    make_log();
    append(records, 1, 10).value();
    disk.fail_after(count);
    const bool acknowledged = append(records, 11, 20).has_value();
    restart_after_crash();
    const auto tail = world.run(slot->fence(generation, 1)).value().tail;
    EXPECT_TRUE(tail == records.tails[20] || (!acknowledged && tail == records.tails[10]));
    append(records, tail.sequence + 1, 30).value();
    reopen();
    expect_records(records, 1, 30);
  }
}

TEST_F(LocalLogTest, RotBeforeTheEndIsDamageAndNotATornTail) {
  make_log();
  const MadeRecords records(6, 5'000);
  for (std::size_t i = 1; i <= 6; ++i) append(records, i, i).value();
  // The third frame: header block, then two blocks a frame.
  disk.flip_bit(log_files().front(), 8 * (5 * log_block_bytes + 200));
  EXPECT_EQ(read(3).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(read(1).value().size(), 2u);
  reopen();
  EXPECT_EQ(world.run(slot->fence(generation, 2)).error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(world.run(slot->list_logs()).value().front().is_damaged);
  EXPECT_EQ(read(1).value().size(), 2u);
  EXPECT_EQ(read(3).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(append(records, 3, 6).error().code(), ErrorCode::corrupt);
}

TEST_F(LocalLogTest, RotAtTheEndIsNoticedWhereTheEndIsKnown) {
  make_log();
  const MadeRecords records(3, 5'000);
  for (std::size_t i = 1; i <= 3; ++i) append(records, i, i).value();
  world.run(slot->fence(generation, 1)).value();
  disk.flip_bit(log_files().front(), 8 * (5 * log_block_bytes + 200));
  reopen();
  EXPECT_EQ(world.run(slot->fence(generation, 2)).error().code(), ErrorCode::corrupt);
}

Task<void> remove_file(sim::Disk& disk, std::string name) {
  (co_await disk.remove(std::move(name))).value();
}

TEST_F(LocalLogTest, AKnownLogThatIsGoneIsDamagedAndNotMadeAgain) {
  make_log();
  append(MadeRecords(3), 1, 3).value();
  for (const std::string& name : disk.file_names()) {
    if (name.contains(to_string(generation))) world.run(remove_file(disk, name));
  }
  reopen();
  EXPECT_EQ(world.run(slot->fence(generation, 2)).error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(world.run(slot->list_logs()).value().front().is_damaged);
  EXPECT_EQ(world.run(slot->create_log(writer(*slot), {}, {})).error().code(), ErrorCode::corrupt);
}

TEST_F(LocalLogTest, AfterAFailedSyncNothingIsAcknowledgedUntilReopened) {
  make_log();
  const MadeRecords records(9);
  append(records, 1, 3).value();
  disk.set_faults([](sim::Disk::Operation operation, const std::string& file) {
    return operation == sim::Disk::Operation::sync && file.contains("/logs/");
  });
  EXPECT_EQ(append(records, 4, 6).error().code(), ErrorCode::io);
  disk.set_faults(nullptr);
  EXPECT_EQ(append(records, 4, 6).error().code(), ErrorCode::io);
  EXPECT_EQ(world.run(slot->fence(generation, 1)).value().tail, records.tails[3]);
  reopen();
  EXPECT_GE(world.run(slot->fence(generation, 2)).value().tail.sequence, 3u);
}

TEST_F(LocalLogTest, AFullDiskFailsAnAppendAndLeavesTheLogUsable) {
  make_log();
  const MadeRecords records(200, 20'000);
  disk.set_capacity(5 * mib);
  std::size_t next = 1;
  while (append(records, next, next)) ++next;
  EXPECT_GT(next, 50u);
  EXPECT_EQ(append(records, next, next).error().code(), ErrorCode::full);
  EXPECT_TRUE(world.run(slot->usage()).value().is_short);
  reopen();  // Which works on a full disk.
  expect_records(records, 1, next - 1);
  world.run(slot->truncate_log(writer(*slot), next)).value();
  EXPECT_FALSE(world.run(slot->usage()).value().is_short);
  EXPECT_TRUE(append(records, next, next));
}

TEST_F(LocalLogTest, AFrameThatWasRefusedIsNotFoundWhereTheLogGoesOnElsewhere) {
  make_log();
  const MadeRecords records(10, 200'000);
  append(records, 1, 3).value();
  disk.set_faults(
      [](sim::Disk::Operation operation, const std::string& file) {
        return operation == sim::Disk::Operation::sync && file.contains("/logs/");
      },
      ErrorCode::full);
  EXPECT_EQ(append(records, 4, 4).error().code(), ErrorCode::full);
  disk.set_faults(nullptr);
  append(records, 4, 10).value();  // More than the rest of the file holds.
  EXPECT_EQ(log_files().size(), 2u);
  reopen();
  expect_records(records, 1, 10);
}

TEST_F(LocalLogTest, AContinuedLogStandsOnItsOwn) {
  make_log();
  const MadeRecords records(60, 60'000);
  for (std::size_t i = 1; i <= 50; i += 10) append(records, i, i + 9).value();
  world.run(slot->fence(generation, 2)).value();
  const GenerationId old = generation;
  const GenerationId next = random.draw<GenerationId>();
  const LogWriter owner{.generation = next, .epoch = 2, .incarnation = slot->incarnation()};
  const auto begun = world.run(slot->continue_log(owner, {}, {}, old)).value();
  EXPECT_GE(begun.tail.sequence, 40u);
  EXPECT_EQ(begun.tail, records.tails[begun.tail.sequence]);
  expect_records(records, 1, 50);

  generation = next;
  expect_records(records, 1, begun.tail.sequence);
  world.run(slot->remove_log({.generation = old, .epoch = 2, .incarnation = slot->incarnation()}))
      .value();
  const auto rest = records.views(begun.tail.sequence + 1, 60);
  world.run(slot->append(owner, begun.tail, rest)).value();
  reopen();
  expect_records(records, 1, 60);
  // What was shared is not used again.
  const auto files = log_files();
  world
      .run(slot->truncate_log({.generation = next, .epoch = 2, .incarnation = slot->incarnation()},
                              45))
      .value();
  EXPECT_LT(log_files().size(), files.size());
  reopen();
  expect_records(records, 45, 60);
}

TEST_F(LocalLogTest, ADamagedLogIsNotContinued) {
  make_log();
  const MadeRecords records(50, 60'000);
  for (std::size_t i = 1; i <= 50; i += 10) append(records, i, i + 9).value();
  world.run(slot->fence(generation, 2)).value();
  disk.flip_bit(log_files().front(), std::uint64_t{8} * 300'000);
  const LogWriter owner{
      .generation = random.draw<GenerationId>(), .epoch = 2, .incarnation = slot->incarnation()};
  EXPECT_EQ(world.run(slot->continue_log(owner, {}, {}, generation)).error().code(),
            ErrorCode::corrupt);
}

// Random work with the power cut at each operation in turn: what was acknowledged is there.
struct LogWithPowerCut {
  sim::Random random{7};
  sim::Disk disk;
  GenerationId generation = random.draw<GenerationId>();
  GenerationId successor = random.draw<GenerationId>();
  MadeRecords records{60, 30'000};
  std::size_t acknowledged = 0;
  std::size_t forgotten = 0;
  std::size_t acknowledged_later = 0;  // By the successor.
  bool is_made = false;
  bool is_removed = false;  // Or may be.
  bool has_ended = false;

  explicit LogWithPowerCut(std::uint64_t seed) : disk(seed) {}

  static constexpr LocalSlotOptions options{.log_file_bytes = 1 * mib, .reserve_bytes = 0};

  Task<Result<void>> work(LocalSlot& slot) {
    const LogWriter writer{.generation = generation, .epoch = 1, .incarnation = slot.incarnation()};
    CO_TRY(co_await slot.create_log(writer, {}, {}));
    is_made = true;
    for (std::size_t i = 1; i <= 50; i += 10) {
      const auto views = records.views(i, i + 9);
      CO_TRY(co_await slot.append(writer, records.tails[i - 1], views));
      acknowledged = i + 9;
      if (i == 21) {
        forgotten = 15;  // From here on, whether or not it is acknowledged.
        CO_TRY(co_await slot.truncate_log(writer, 15));
      }
    }
    CO_TRY(co_await slot.fence(generation, 2));
    const LogWriter next{.generation = successor, .epoch = 2, .incarnation = slot.incarnation()};
    CO_TRY_LET(const auto begun,
               co_await slot.continue_log(next, records.tails[14], {}, generation));
    EXPECT_EQ(begun.tail, records.tails[begun.tail.sequence]);
    EXPECT_EQ(begun.tail.sequence, 30u);  // As many as the first file has.
    EXPECT_EQ(begun.bytes, (begun.tail.sequence - 14) * 30'000);
    const auto rest = records.views(begun.tail.sequence + 1, 50);
    CO_TRY(co_await slot.append(next, begun.tail, rest));
    acknowledged_later = 50;
    is_removed = true;
    CO_TRY(co_await slot.remove_log(
        {.generation = generation, .epoch = 2, .incarnation = slot.incarnation()}));
    CO_TRY(co_await slot.truncate_log(next, 25));
    const auto more = records.views(51, 60);
    CO_TRY(co_await slot.append(next, records.tails[50], more));
    acknowledged_later = 60;
    co_return Result<void>();
  }

  Task<void> run(std::uint64_t count) {
    auto slot = (co_await LocalSlot::create(disk, "slot", random, options)).value();
    disk.fail_after(count);
    has_ended = (co_await work(*slot)).has_value();
    co_await slot->close();
    slot.reset();
    disk.crash();

    slot = (co_await LocalSlot::open(disk, "slot", random, options)).value();
    const bool is_there = co_await check_log(*slot, generation, acknowledged, forgotten);
    EXPECT_TRUE(is_there || !is_made || is_removed);
    const bool is_continued = co_await check_log(*slot, successor, acknowledged_later, 25);
    EXPECT_TRUE(is_continued || acknowledged_later == 0);
    EXPECT_LE((co_await slot->list_logs()).value().size(), 2u);
    co_await slot->close();
  }

  // Whether there is such a log.
  Task<bool> check_log(LocalSlot& slot, GenerationId log, std::size_t to, std::size_t from) {
    const auto reply = co_await slot.fence(log, 3);
    if (!reply) EXPECT_EQ(reply.error().code(), ErrorCode::not_found) << reply.error().context();
    if (!reply) co_return false;
    EXPECT_GE(reply->tail.sequence, to);
    EXPECT_EQ(reply->tail, records.tails[reply->tail.sequence]);
    EXPECT_EQ(reply->before, records.tails[reply->before.sequence]);
    std::uint64_t next = reply->before.sequence + 1;
    EXPECT_LE(next, std::max<std::uint64_t>(from, 1));
    while (next <= reply->tail.sequence) {
      const auto found = (co_await slot.read_log(log, next, 100'000)).value();
      EXPECT_FALSE(found.empty());
      if (found.empty()) break;
      for (const LogRecord& record : found) {
        EXPECT_EQ(record.content, records.contents[next - 1]);
        ++next;
      }
    }
    co_return true;
  }
};

TEST_F(LocalLogTest, APowerCutAtAnyPointLosesNothingAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    bool has_ended = false;
    for (std::uint64_t count = 0; !has_ended; ++count) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", operation " << count);
      LogWithPowerCut test(seed);
      world.run(test.run(count));
      has_ended = test.has_ended;
    }
  }
}

}  // namespace
}  // namespace holdfast::slot
