// The register over two slots and a data folder whose disks fail, forget and go missing.
#include "grid/embedded.h"

#include "sim/disk.h"
#include "sim/random.h"
#include "sim/world.h"
#include "slot/local_slot.h"

#include <gtest/gtest.h>

namespace holdfast::grid {
namespace {

constexpr slot::LocalSlotOptions slot_options{.log_file_bytes = 1 * mib, .reserve_bytes = 0};

// A machine of three disks: the data folder's and two with a slot each.
struct Machine {
  sim::Random random{5};
  codec::SecretKey key = codec::SecretKey::from(Bytes(32, std::byte{9}));
  sim::Disk data{1};
  std::vector<std::unique_ptr<sim::Disk>> disks;
  std::vector<std::unique_ptr<slot::LocalSlot>> slots;
  std::unique_ptr<EmbeddedCoordination> coordination;

  Task<void> add_slot() {
    disks.push_back(std::make_unique<sim::Disk>(disks.size() + 2));
    slots.push_back(
        (co_await slot::LocalSlot::create(*disks.back(), "slot", random, slot_options)).value());
  }

  Task<Result<void>> start(unsigned losses_max) {
    coordination.reset();
    std::vector<slot::Slot*> members;
    for (const auto& slot : slots) members.push_back(slot.get());
    CO_TRY_LET(coordination,
               co_await EmbeddedCoordination::open(data, "register", members, key, losses_max));
    co_return Result<void>();
  }

  Task<void> stop() {
    coordination.reset();
    for (auto& slot : slots) {
      co_await slot->close();
      slot.reset();
    }
  }

  Task<void> reopen_slots() {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots[i] = (co_await slot::LocalSlot::open(*disks[i], "slot", random, slot_options)).value();
    }
  }

  Task<Result<std::uint64_t>> set(std::string_view value, std::uint64_t expected) {
    return coordination->set("row", expected, to_bytes(as_bytes(value)));
  }
  Task<std::string> get() {
    const Row row = (co_await coordination->get("row")).value();
    co_return std::string(as_text(row.value));
  }
};

class EmbeddedTest : public testing::Test {
 protected:
  Task<void> set_up(unsigned losses_max) {
    co_await machine.add_slot();
    co_await machine.add_slot();
    (co_await machine.start(losses_max)).value();
  }
  void TearDown() override {
    for (const auto& disk : machine.disks) disk->set_faults(nullptr);
    world.run(machine.stop());
  }
  sim::World world;
  Machine machine;
};

Task<void> compare_and_swap(Machine& machine) {
  EXPECT_EQ((co_await machine.coordination->get("row")).value().version, 0u);
  EXPECT_EQ((co_await machine.set("one", 1)).error().code(), ErrorCode::conflict);
  EXPECT_EQ((co_await machine.set("one", 0)).value(), 1u);
  EXPECT_EQ((co_await machine.set("other", 0)).error().code(), ErrorCode::conflict);
  EXPECT_EQ((co_await machine.set("two", 1)).value(), 2u);
  EXPECT_EQ(co_await machine.get(), "two");
  (co_await machine.start(1)).value();
  EXPECT_EQ(co_await machine.get(), "two");
  EXPECT_EQ((co_await machine.set("three", 2)).value(), 3u);
}
TEST_F(EmbeddedTest, ARowChangesByCompareAndSwapAndStays) {
  world.run(set_up(1));
  world.run(compare_and_swap(machine));
}

Task<void> lose_members(Machine& machine) {
  (co_await machine.set("one", 0)).value();
  (co_await machine.data.remove("register")).value();
  (co_await machine.start(1)).value();  // One of three is missing: it comes back.
  EXPECT_EQ(co_await machine.get(), "one");
  EXPECT_TRUE(co_await env::read_file(machine.data, "register", register_bytes_max));

  (co_await machine.data.remove("register")).value();
  (co_await machine.disks[0]->remove("slot/blocks/register")).value();
  EXPECT_EQ((co_await machine.start(1)).error().code(), ErrorCode::corrupt);
}
TEST_F(EmbeddedTest, AtMostMCopiesMayBeMissing) {
  world.run(set_up(1));
  world.run(lose_members(machine));
}

// The good copy that is left may be one that was struck off: it does not count alone.
Task<void> damage_copies(Machine& machine) {
  (co_await machine.set("one", 0)).value();
  const std::vector<std::pair<sim::Disk*, std::string>> copies{
      {&machine.data, "register"}, {machine.disks[0].get(), "slot/blocks/register"}};
  for (const auto& [disk, name] : copies) {
    const Bytes good = (co_await env::read_file(*disk, name, 64 * kib)).value();
    disk->flip_bit(name, 300);
    const Bytes damaged = (co_await env::read_file(*disk, name, 64 * kib)).value();
    const auto started = co_await machine.start(0);
    EXPECT_FALSE(started);
    if (started) co_return;
    EXPECT_EQ(started.error().code(), ErrorCode::corrupt);
    EXPECT_TRUE(started.error().context().contains(name + ": its checksum"))
        << started.error().context();
    EXPECT_EQ((co_await env::read_file(*disk, name, 64 * kib)).value(), damaged);
    (co_await env::replace_file(*disk, name, good)).value();
    (co_await machine.start(0)).value();
    EXPECT_EQ(co_await machine.get(), "one");
  }
}
TEST_F(EmbeddedTest, ADamagedCopyIsNamedAndLeftAsItIs) {
  world.run(set_up(0));
  world.run(damage_copies(machine));
}

Task<void> leave_out(Machine& machine) {
  const auto room = (co_await machine.data.space()).value();
  (co_await machine.set("one", 0)).value();
  const auto before =
      (co_await env::read_file(machine.data, "register", register_bytes_max)).value();
  machine.data.set_capacity(room.size - room.free);
  (co_await machine.set("two", 1)).value();
  EXPECT_EQ((co_await env::read_file(machine.data, "register", register_bytes_max)).value(),
            before);

  // With the next change it is a member like any other.
  machine.data.set_capacity(room.size);
  (co_await machine.set("three", 2)).value();
  for (const auto& disk : machine.disks) (co_await disk->remove("slot/blocks/register")).value();
  (co_await machine.start(2)).value();
  EXPECT_EQ(co_await machine.get(), "three");
}
TEST_F(EmbeddedTest, AFullDiskIsNotALostOne) {
  world.run(set_up(0));
  world.run(leave_out(machine));
}

Task<void> strike_off(Machine& machine) {
  (co_await machine.set("one", 0)).value();
  machine.disks[1]->set_faults(
      [](sim::Disk::Operation, const std::string& name) { return name.contains("register"); });
  (co_await machine.set("two", 1)).value();
  (co_await machine.set("three", 2)).value();

  // The one that was struck off still has the old copy, and nobody else has any: it must not win.
  machine.disks[1]->set_faults(nullptr);
  const auto file = (co_await env::read_file(machine.data, "register", register_bytes_max)).value();
  (co_await machine.data.remove("register")).value();
  (co_await machine.disks[0]->remove("slot/blocks/register")).value();
  EXPECT_EQ((co_await machine.start(1)).error().code(), ErrorCode::corrupt);

  (co_await env::replace_file(machine.data, "register", file)).value();
  (co_await machine.start(1)).value();
  EXPECT_EQ(co_await machine.get(), "three");
}
TEST_F(EmbeddedTest, AMemberThatFailsIsStruckOff) {
  world.run(set_up(1));
  world.run(strike_off(machine));
}

Task<void> fail_too_many(Machine& machine) {
  (co_await machine.set("one", 0)).value();
  for (auto& disk : machine.disks) {
    disk->set_faults(
        [](sim::Disk::Operation, const std::string& name) { return name.contains("register"); });
  }
  EXPECT_EQ((co_await machine.set("two", 1)).error().code(), ErrorCode::unavailable);
  for (auto& disk : machine.disks) disk->set_faults(nullptr);
  EXPECT_EQ((co_await machine.set("three", 1)).error().code(), ErrorCode::unavailable);
}
TEST_F(EmbeddedTest, AChangeThatTooFewMembersTookIsTheLast) {
  world.run(set_up(1));
  world.run(fail_too_many(machine));
}

Task<void> wrong_key(Machine& machine) {
  (co_await machine.set("one", 0)).value();
  machine.key = codec::SecretKey::from(Bytes(32, std::byte{8}));
  EXPECT_EQ((co_await machine.start(1)).error().code(), ErrorCode::corrupt);
}
TEST_F(EmbeddedTest, CopiesUnderAnotherKeyDoNotCount) {
  world.run(set_up(1));
  world.run(wrong_key(machine));
}

Task<void> too_much(Machine& machine) {
  EXPECT_EQ(
      (co_await machine.coordination->set("row", 0, Bytes(register_bytes_max))).error().code(),
      ErrorCode::full);
  EXPECT_EQ((co_await machine.set("one", 0)).value(), 1u);
}
TEST_F(EmbeddedTest, ARegisterThatWouldBecomeTooLargeStaysAsItWas) {
  world.run(set_up(0));
  world.run(too_much(machine));
}

// The power goes at operation `count` on one of the disks while rows change.
Task<void> change_with_power_cut(Machine& machine, std::size_t which, std::uint64_t count,
                                 bool& has_ended) {
  co_await machine.add_slot();
  co_await machine.add_slot();
  (co_await machine.start(0)).value();
  (co_await machine.set("0", 0)).value();
  sim::Disk& victim = which == 0 ? machine.data : *machine.disks[which - 1];
  victim.fail_after(count);
  std::uint64_t acknowledged = 1;
  std::uint64_t tried = 1;
  while (tried < 4) {
    const auto set = co_await machine.set(std::to_string(tried++), acknowledged);
    if (!set) break;
    acknowledged = *set;
  }
  has_ended = !victim.has_failed();
  co_await machine.stop();
  machine.data.crash();
  for (auto& disk : machine.disks) disk->crash();

  co_await machine.reopen_slots();
  (co_await machine.start(1)).value();
  const Row row = (co_await machine.coordination->get("row")).value();
  EXPECT_GE(row.version, acknowledged);
  EXPECT_LE(row.version, tried);
  EXPECT_EQ(as_text(row.value), std::to_string(row.version - 1));
  co_await machine.stop();
}

TEST(EmbeddedCrashTest, APowerCutAtAnyPointLosesNoChangeThatCounted) {
  sim::World world;
  for (std::size_t which = 0; which < 3; ++which) {
    bool has_ended = false;
    for (std::uint64_t count = 0; !has_ended; ++count) {
      SCOPED_TRACE(testing::Message() << "disk " << which << ", operation " << count);
      Machine machine;
      world.run(change_with_power_cut(machine, which, count, has_ended));
    }
  }
}

}  // namespace
}  // namespace holdfast::grid
