// LocalSlot's identity, shards and blocks on a disk that forgets, fails and rots.
#include "slot/local_slot.h"

#include "slot/fixture_test.h"
#include "wire/envelope.h"

#include <algorithm>

namespace holdfast::slot {
namespace {

class LocalSlotTest : public SlotFixture {};

const ShardName name{.segment = SegmentId::from(Bytes(16, std::byte{0x5a})), .number = 3};

Task<void> incarnations_change(sim::Disk& disk, sim::Random& random) {
  auto slot = (co_await LocalSlot::create(disk, "slot", random)).value();
  const SlotId id = slot->id();
  const Incarnation first = slot->incarnation();
  EXPECT_EQ((co_await LocalSlot::open(disk, "slot", random)).error().code(), ErrorCode::conflict);
  co_await slot->close();
  slot.reset();
  EXPECT_EQ((co_await LocalSlot::create(disk, "slot", random)).error().code(),
            ErrorCode::already_exists);
  slot = (co_await LocalSlot::open(disk, "slot", random)).value();
  EXPECT_EQ(slot->id(), id);
  EXPECT_NE(slot->incarnation(), first);
  co_await slot->close();
}
TEST_F(LocalSlotTest, EachOpeningHasItsOwnIncarnationAndNobodyElseIn) {
  world.run(incarnations_change(disk, random));
}

Task<void> newer_slots_are_refused(sim::Disk& disk, sim::Random& random) {
  auto slot = (co_await LocalSlot::create(disk, "slot", random)).value();
  co_await slot->close();
  slot.reset();
  const Bytes newer = wire::enclose({.magic = "HFSLOTID", .version = 2}, Bytes(40));
  (co_await env::replace_file(disk, "slot/slot", newer)).value();
  EXPECT_EQ((co_await LocalSlot::open(disk, "slot", random)).error().code(),
            ErrorCode::unsupported);
}
TEST_F(LocalSlotTest, ASlotOfANewerReleaseIsRefused) {
  world.run(newer_slots_are_refused(disk, random));
}

// Each of the small files that a slot reads when it opens.
Task<void> damage_is_named(sim::Disk& disk, sim::Random& random) {
  const LocalSlotOptions options{.root = "/disk"};
  auto slot = (co_await LocalSlot::create(disk, "slot", random, options)).value();
  co_await slot->close();
  slot.reset();
  for (const std::string file : {"slot/slot", "slot/logs/known"}) {
    const Bytes good = (co_await env::read_file(disk, file, 1 * mib)).value();
    for (const Bytes& damaged : {Bytes(), Bytes(good.size()), Bytes(2 * mib)}) {
      (co_await env::replace_file(disk, file, damaged)).value();
      const auto opened = co_await LocalSlot::open(disk, "slot", random, options);
      EXPECT_FALSE(opened);
      if (opened) co_return;
      EXPECT_EQ(opened.error().code(), ErrorCode::corrupt);
      EXPECT_TRUE(opened.error().context().starts_with("/disk/" + file + ": "))
          << opened.error().context();
      EXPECT_EQ((co_await env::read_file(disk, file, 4 * mib)).value(), damaged);
    }
    (co_await env::replace_file(disk, file, good)).value();
  }
  // What is left of a slot is not made into another one.
  (co_await disk.remove("slot/slot")).value();
  EXPECT_EQ((co_await LocalSlot::open(disk, "slot", random, options)).error().code(),
            ErrorCode::corrupt);
}
TEST_F(LocalSlotTest, ADamagedFileThatKeepsASlotFromOpeningIsNamed) {
  world.run(damage_is_named(disk, random));
}

Task<void> damaged_head(sim::Disk& disk, sim::Random& random) {
  const LocalSlotOptions options{.log_file_bytes = 1 * mib, .reserve_bytes = 0, .root = "/disk"};
  auto slot = (co_await LocalSlot::create(disk, "slot", random, options)).value();
  const auto generation = random.draw<GenerationId>();
  (co_await slot->create_log(
       {.generation = generation, .epoch = 1, .incarnation = slot->incarnation()}, {}, {}))
      .value();
  co_await slot->close();
  slot.reset();
  const std::string head = "slot/logs/" + to_string(generation) + "/head";
  disk.flip_bit(head, 300);
  slot = (co_await LocalSlot::open(disk, "slot", random, options)).value();
  const auto fenced = co_await slot->fence(generation, 2);
  EXPECT_FALSE(fenced);
  if (!fenced) {
    EXPECT_EQ(fenced.error().code(), ErrorCode::corrupt);
    EXPECT_TRUE(fenced.error().context().contains("/disk/" + head + ": "))
        << fenced.error().context();
  }
  co_await slot->close();
}
TEST_F(LocalSlotTest, ADamagedHeadOfALogIsNamedToWhoeverWantsTheLog) {
  world.run(damaged_head(disk, random));
}

Task<void> shards_come_back(LocalSlot& slot) {
  const MadeShard shard(9);
  EXPECT_EQ((co_await slot.head_shard(name)).error().code(), ErrorCode::not_found);
  (co_await slot.put_shard(name, shard.content())).value();
  (co_await slot.put_shard(name, shard.content())).value();
  const MadeShard other(9, 2);
  EXPECT_EQ((co_await slot.put_shard(name, other.content())).error().code(), ErrorCode::conflict);

  const auto head = (co_await slot.head_shard(name)).value();
  EXPECT_EQ(head.size, shard.bytes.size());
  EXPECT_EQ(head.root, shard_root(name, shard.leaves));
  AlignedBuffer middle(5 * block_bytes);
  (co_await slot.read_shard(name, 2, middle.view())).value();
  EXPECT_TRUE(std::ranges::equal(middle.view(),
                                 ByteView(shard.bytes).subspan(2 * block_bytes, 5 * block_bytes)));
  const auto all = (co_await slot.read_shard_verified(name, 0, 9)).value();
  EXPECT_TRUE(std::ranges::equal(all.view(), shard.bytes));
  EXPECT_EQ((co_await slot.read_shard(name, 5, middle.view())).error().code(), ErrorCode::invalid);
  EXPECT_EQ((co_await slot.read_shard(name, UINT32_MAX, middle.view())).error().code(),
            ErrorCode::invalid);
  EXPECT_EQ(
      (co_await slot.read_shard(name, 0, middle.view().first(block_bytes / 2))).error().code(),
      ErrorCode::invalid);
  EXPECT_EQ((co_await slot.read_shard_verified(name, 0, UINT32_MAX)).error().code(),
            ErrorCode::invalid);
  EXPECT_GT((co_await slot.usage()).value().shards, shard.bytes.size());

  (co_await slot.remove_shard(name)).value();
  (co_await slot.remove_shard(name)).value();
  EXPECT_EQ((co_await slot.read_shard(name, 0, middle.view())).error().code(),
            ErrorCode::not_found);
  EXPECT_EQ((co_await slot.usage()).value().shards, 0u);
}
TEST_F(LocalSlotTest, AShardComesBackWholeAndInParts) {
  auto slot = world.run(create(disk)).value();
  world.run(shards_come_back(*slot));
  world.run(slot->close());
}

Task<void> bad_shards_are_refused(LocalSlot& slot) {
  MadeShard shard(4);
  shard.checksums[3] ^= 1;
  EXPECT_EQ((co_await slot.put_shard(name, shard.content())).error().code(), ErrorCode::corrupt);
  EXPECT_EQ((co_await slot.head_shard(name)).error().code(), ErrorCode::not_found);
  shard.checksums.pop_back();
  EXPECT_EQ((co_await slot.put_shard(name, shard.content())).error().code(), ErrorCode::invalid);
}
TEST_F(LocalSlotTest, AShardWithAWrongChecksumIsRefused) {
  auto slot = world.run(create(disk)).value();
  world.run(bad_shards_are_refused(*slot));
  world.run(slot->close());
}

Task<void> rot_is_found(LocalSlot& slot, sim::Disk& disk) {
  const MadeShard shard(4);
  (co_await slot.put_shard(name, shard.content())).value();
  std::string file;
  for (const std::string& each : disk.file_names()) {
    if (each.ends_with(".shard")) file = each;
  }
  disk.flip_bit(file, 8 * (2 * block_bytes + 17));
  EXPECT_EQ((co_await slot.read_shard_verified(name, 0, 4)).error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(co_await slot.read_shard_verified(name, 0, 2));
  disk.flip_bit(file, 8 * (2 * block_bytes + 17));
  EXPECT_TRUE(co_await slot.read_shard_verified(name, 0, 4));
  disk.flip_bit(file, 8 * (4 * block_bytes + 5));  // A leaf's hash.
  EXPECT_EQ((co_await slot.read_shard_verified(name, 0, 1)).error().code(), ErrorCode::corrupt);
}
TEST_F(LocalSlotTest, RotInAShardIsFound) {
  auto slot = world.run(create(disk)).value();
  world.run(rot_is_found(*slot, disk));
  world.run(slot->close());
}

Task<void> shards_are_listed(LocalSlot& slot, sim::Random& random) {
  std::vector<ShardName> names;
  for (int i = 0; i < 40; ++i) {
    ShardName each{.segment = random.draw<SegmentId>(), .number = static_cast<std::uint8_t>(i)};
    each.segment.bytes[0] = static_cast<std::byte>(i % 5);
    each.segment.bytes[1] = static_cast<std::byte>(i % 3);
    names.push_back(each);
    (co_await slot.put_shard(each, MadeShard(1).content())).value();
  }
  std::ranges::sort(names);
  std::vector<ShardName> found;
  for (;;) {
    const auto after = found.empty() ? std::nullopt : std::optional(found.back());
    const auto more = (co_await slot.list_shards(after, 7)).value();
    EXPECT_LE(more.size(), 7u);
    if (more.empty()) break;
    found.insert(found.end(), more.begin(), more.end());
  }
  EXPECT_EQ(found, names);
}
TEST_F(LocalSlotTest, ShardsAreListedInOrder) {
  auto slot = world.run(create(disk)).value();
  world.run(shards_are_listed(*slot, random));
  world.run(slot->close());
}

// Fails operation number `count` of the putting of a shard, then looks at what a restart finds.
struct PutWithPowerCut {
  sim::Random random{7};
  sim::Disk disk;
  bool has_ended = false;

  explicit PutWithPowerCut(std::uint64_t seed) : disk(seed) {}

  Task<void> run(std::uint64_t count) {
    const MadeShard shard(5);
    auto slot = (co_await LocalSlot::create(disk, "slot", random)).value();
    disk.fail_after(count);
    const bool acknowledged = (co_await slot->put_shard(name, shard.content())).has_value();
    has_ended = !disk.has_failed();
    co_await slot->close();
    slot.reset();
    disk.crash();

    slot = (co_await LocalSlot::open(disk, "slot", random)).value();
    const auto found = co_await slot->read_shard_verified(name, 0, 5);
    if (found) {
      EXPECT_TRUE(std::ranges::equal(found->view(), shard.bytes));
    } else {
      EXPECT_EQ(found.error().code(), ErrorCode::not_found);
      EXPECT_FALSE(acknowledged);
    }
    EXPECT_EQ((co_await slot->list_shards({}, 10)).value().size(), found ? 1u : 0u);
    for (const std::string& file : disk.file_names()) EXPECT_FALSE(file.contains("/new/")) << file;
    EXPECT_TRUE(co_await slot->put_shard(name, shard.content()));
    co_await slot->close();
  }
};

TEST_F(LocalSlotTest, APowerCutAtAnyPointLeavesAShardWholeOrAbsent) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    bool has_ended = false;
    for (std::uint64_t count = 0; !has_ended; ++count) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", operation " << count);
      PutWithPowerCut test(seed);
      world.run(test.run(count));
      has_ended = test.has_ended;
    }
  }
}

Task<void> failed_sync_leaves_nothing(LocalSlot& slot, sim::Disk& disk) {
  disk.set_faults([](sim::Disk::Operation operation, const std::string& file) {
    return operation == sim::Disk::Operation::sync && file.contains("/new/");
  });
  const MadeShard shard(5);
  EXPECT_EQ((co_await slot.put_shard(name, shard.content())).error().code(), ErrorCode::io);
  for (const std::string& file : disk.file_names()) EXPECT_FALSE(file.contains("/new/")) << file;
  disk.set_faults(nullptr);
  EXPECT_EQ((co_await slot.head_shard(name)).error().code(), ErrorCode::not_found);
  EXPECT_TRUE(co_await slot.put_shard(name, shard.content()));
}
TEST_F(LocalSlotTest, AShardThatCannotBeSyncedIsGone) {
  auto slot = world.run(create(disk)).value();
  world.run(failed_sync_leaves_nothing(*slot, disk));
  world.run(slot->close());
}

// Creating and opening again, with the power cut at each operation of either.
Task<void> create_or_open(sim::Disk& disk, sim::Random& random, std::uint64_t count,
                          bool& has_ended) {
  disk.fail_after(count);
  {
    auto slot = co_await LocalSlot::create(disk, "slot", random);
    if (slot) co_await (*slot)->close();
  }
  has_ended = !disk.has_failed();
  disk.crash();
  auto slot = co_await LocalSlot::open(disk, "slot", random);
  if (!slot) {
    EXPECT_EQ(slot.error().code(), ErrorCode::not_found);
    slot = co_await LocalSlot::create(disk, "slot", random);
  }
  co_await slot.value()->close();
}

TEST_F(LocalSlotTest, APowerCutWhileASlotIsMadeLeavesOneOrNone) {
  bool has_ended = false;
  for (std::uint64_t count = 0; !has_ended; ++count) {
    SCOPED_TRACE(count);
    sim::Disk fresh(count);
    world.run(create_or_open(fresh, random, count, has_ended));
  }
}

Task<void> blocks_come_back(LocalSlot& slot, sim::Disk& disk) {
  EXPECT_EQ((co_await slot.get_block("keys")).value(), std::nullopt);
  (co_await slot.put_block("keys", Bytes(10, std::byte{1}))).value();
  (co_await slot.put_block("keys", Bytes(20, std::byte{2}))).value();
  EXPECT_EQ((co_await slot.get_block("keys")).value(), Bytes(20, std::byte{2}));
  EXPECT_EQ((co_await slot.put_block("../slot", {})).error().code(), ErrorCode::invalid);
  EXPECT_EQ((co_await slot.put_block("k", Bytes(block_value_bytes_max + 1))).error().code(),
            ErrorCode::invalid);
  disk.flip_bit("slot/blocks/keys", 300);
  EXPECT_EQ((co_await slot.get_block("keys")).error().code(), ErrorCode::corrupt);
}
TEST_F(LocalSlotTest, BlocksAreReplacedAndChecked) {
  auto slot = world.run(create(disk)).value();
  world.run(blocks_come_back(*slot, disk));
  world.run(slot->close());
}

}  // namespace
}  // namespace holdfast::slot
