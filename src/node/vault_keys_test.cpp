// The two files with the keys of a vault, of which either may be damaged or gone.
#include "node/vault_keys.h"

#include "codec/checksum.h"
#include "sim/disk.h"
#include "sim/random.h"
#include "sim/workers.h"
#include "sim/world.h"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

class VaultKeysTest : public testing::Test {
 protected:
  VaultKeysTest() {
    keys = open().value();
    vault = keys->vault();
    block = content("keys");
    EXPECT_EQ(content("keys-copy"), block);
  }

  Result<std::unique_ptr<VaultKeys>> open() {
    return world.run(VaultKeys::open(disk, "/data", random, workers, std::nullopt));
  }
  Bytes content(const std::string& name) {
    return world.run(env::read_file(disk, name, 64 * kib)).value();
  }
  void put(const std::string& name, ByteView bytes) {
    world.run(env::replace_file(disk, name, bytes)).value();
  }
  void expect_mended() {
    auto again = open();
    ASSERT_TRUE(again) << again.error().context();
    EXPECT_FALSE((*again)->is_new());
    EXPECT_EQ((*again)->vault(), vault);
    EXPECT_TRUE(world.run((*again)->unlock_by_machine()));
    EXPECT_EQ(content("keys"), block);
    EXPECT_EQ(content("keys-copy"), block);
  }
  void expect_refused(ErrorCode code, const std::string& file) {
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), code);
    EXPECT_TRUE(opened.error().context().contains(file)) << opened.error().context();
  }

  sim::World world;
  sim::Disk disk{1};
  sim::Random random{3};
  sim::Workers workers;
  std::unique_ptr<VaultKeys> keys;
  VaultId vault;
  Bytes block;
};

TEST_F(VaultKeysTest, OneDamagedFileIsMadeAgainFromTheOther) {
  for (const std::string name : {"keys", "keys-copy"}) {
    for (const std::uint64_t bit : {0U, 8U * 8, 8U * 100}) {
      disk.flip_bit(name, bit);
      expect_mended();
    }
    put(name, {});
    expect_mended();
    put(name, Bytes(128 * kib, std::byte{1}));
    expect_mended();
    world.run(disk.remove(name)).value();
    expect_mended();
  }
}

TEST_F(VaultKeysTest, TwoDamagedFilesAreRefusedAndLeftAsTheyAre) {
  disk.flip_bit("keys", 800);
  disk.flip_bit("keys-copy", 900);
  const Bytes damaged = content("keys");
  expect_refused(ErrorCode::corrupt, "/data/keys,");
  EXPECT_EQ(content("keys"), damaged);
  world.run(disk.remove("keys")).value();
  expect_refused(ErrorCode::corrupt, "/data/keys,");
}

TEST_F(VaultKeysTest, AVaultWhoseKeysAreGoneIsNotReplacedByANewOne) {
  put("register", Bytes(1));
  world.run(disk.remove("keys")).value();
  world.run(disk.remove("keys-copy")).value();
  expect_refused(ErrorCode::corrupt, "/data/keys,");
}

TEST_F(VaultKeysTest, WhatANewerReleaseWroteIsNotMended) {
  // The version is in front of the fields, the checksum of all behind them.
  Bytes newer = block;
  newer[8] = std::byte{9};
  const std::uint32_t sum = codec::crc32c(ByteView(newer).first(newer.size() - 4));
  for (std::size_t i = 0; i < 4; ++i) newer[newer.size() - 4 + i] = std::byte(sum >> (8 * i));
  for (const std::string name : {"keys", "keys-copy"}) {
    put(name, newer);
    expect_refused(ErrorCode::unsupported, "/data/" + name);
    EXPECT_EQ(content(name), newer);
    put(name, block);
  }
}

TEST_F(VaultKeysTest, OfTwoGoodFilesTheFirstCounts) {
  ASSERT_TRUE(world.run(keys->unlock_by_machine()));
  ASSERT_TRUE(world.run(keys->set_passphrase("open sesame")));
  const Bytes changed = content("keys");
  EXPECT_EQ(content("keys-copy"), changed);
  put("keys-copy", block);
  EXPECT_TRUE(open().value()->has_passphrase());
  EXPECT_EQ(content("keys-copy"), changed);
}

TEST_F(VaultKeysTest, AMachineKeyThatIsDamagedOrGoneIsNamedAndNotDrawnAnew) {
  disk.flip_bit("machine-key", 5);
  const auto wrong = world.run(open().value()->unlock_by_machine());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(wrong.error().context().contains("/data/machine-key")) << wrong.error().context();
  world.run(disk.remove("machine-key")).value();
  const auto gone = world.run(open().value()->unlock_by_machine());
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ErrorCode::corrupt);
  EXPECT_FALSE(world.run(disk.open("machine-key", {})));
}

}  // namespace
}  // namespace holdfast::node
