#include "vault/key_block.h"

#include "base/hex.h"
#include "codec/checksum.h"
#include "sim/random.h"
#include "vault/recovery_words.h"

#include <gtest/gtest.h>

namespace holdfast::vault {
namespace {

// The least that is allowed, so that tests are quick.
constexpr codec::Argon2Parameters cheap{
    .memory_kib = codec::argon2_memory_kib_min, .passes = 1, .lanes = 1};

// Where the first wrap and its fields begin in a serialized block.
constexpr std::size_t first_wrap = 32;
constexpr std::size_t cost_in_wrap = 12;
constexpr std::size_t wrap_bytes = 136;

struct KeyBlockTest : testing::Test {
  sim::Random random{7};
  KeyRing ring = KeyRing::draw(random);
  KeyBlock block = KeyBlock::create(ring, random);
  codec::SecretKey machine_key = draw_key();

  codec::SecretKey draw_key() {
    codec::SecretKey key;
    random.fill(key.writable());
    return key;
  }
  KeyBlock reread() { return KeyBlock::parse(block.serialize()).value(); }
};

// The same block with other bytes in it, and a checksum that fits them.
Bytes forged(Bytes bytes, std::size_t at, ByteView with) {
  std::ranges::copy(with, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  const std::uint32_t checksum = codec::crc32c(ByteView(bytes).first(bytes.size() - 4));
  std::memcpy(bytes.data() + bytes.size() - 4, &checksum, 4);
  return bytes;
}

Bytes little_endian(std::uint32_t number) {
  return to_bytes(std::as_bytes(std::span(&number, 1)));
}

void expect_same_keys(const KeyRing& one, const KeyRing& other) {
  const auto generation = GenerationId::from(Bytes(16, std::byte{1}));
  const auto segment = SegmentId::from(Bytes(16, std::byte{1}));
  const auto text = [](const codec::SecretKey& key) { return to_hex(key.view()); };
  EXPECT_EQ(one.vault(), other.vault());
  EXPECT_EQ(text(one.gear_key()), text(other.gear_key()));
  EXPECT_EQ(text(one.chunk_id_key(5)), text(other.chunk_id_key(5)));
  EXPECT_EQ(text(one.log_key(generation)), text(other.log_key(generation)));
  ASSERT_EQ(one.data_generation(), other.data_generation());
  for (std::uint32_t i = 1; i <= one.data_generation(); ++i) {
    EXPECT_EQ(text(one.segment_key(i, segment, SegmentKind::data).value()),
              text(other.segment_key(i, segment, SegmentKind::data).value()));
  }
}

TEST_F(KeyBlockTest, EachSecretUnlocksTheSameKeys) {
  const codec::SecretKey entropy = draw_key();
  ASSERT_TRUE(block.add_passphrase(ring, "open sesame", cheap, random).has_value());
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  ASSERT_TRUE(block.add_words(ring, entropy, random).has_value());
  const KeyBlock stored = reread();
  EXPECT_EQ(stored, block);
  expect_same_keys(stored.unlock_with_passphrase("open sesame").value(), ring);
  expect_same_keys(stored.unlock_with_machine_key(machine_key).value(), ring);
  expect_same_keys(stored.unlock_with_words(to_recovery_words(entropy)).value(), ring);
  ASSERT_EQ(stored.wraps().size(), 3U);
  EXPECT_EQ(stored.wraps()[0].kind, WrapKind::passphrase);
  EXPECT_EQ(stored.wraps()[0].cost, cheap);
}

TEST_F(KeyBlockTest, WrongSecretsAreDenied) {
  ASSERT_TRUE(block.add_passphrase(ring, "open sesame", cheap, random).has_value());
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  ASSERT_TRUE(block.add_words(ring, draw_key(), random).has_value());
  EXPECT_EQ(block.unlock_with_passphrase("open barley").error().code(), ErrorCode::denied);
  EXPECT_EQ(block.unlock_with_machine_key(draw_key()).error().code(), ErrorCode::denied);
  EXPECT_EQ(block.unlock_with_words(to_recovery_words(draw_key())).error().code(),
            ErrorCode::denied);
  EXPECT_EQ(block.unlock_with_words("open sesame").error().code(), ErrorCode::invalid);
  EXPECT_EQ(block.unlock_with_passphrase("").error().code(), ErrorCode::invalid);
}

TEST_F(KeyBlockTest, ASecretOfAnotherKindIsNotFound) {
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  EXPECT_EQ(block.unlock_with_passphrase("open sesame").error().code(), ErrorCode::not_found);
  EXPECT_EQ(block.unlock_with_words(to_recovery_words(machine_key)).error().code(),
            ErrorCode::not_found);
}

TEST_F(KeyBlockTest, SeveralSecretsOfOneKindOpenIt) {
  const codec::SecretKey second = draw_key();
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  ASSERT_TRUE(block.add_machine_key(ring, second, random).has_value());
  expect_same_keys(block.unlock_with_machine_key(machine_key).value(), ring);
  expect_same_keys(block.unlock_with_machine_key(second).value(), ring);
}

TEST_F(KeyBlockTest, AChangedPassphraseReplacesTheOldOne) {
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  ASSERT_TRUE(block.add_passphrase(ring, "old", cheap, random).has_value());
  ASSERT_TRUE(block.change_passphrase(ring, "new", cheap, random).has_value());
  const KeyBlock stored = reread();
  EXPECT_EQ(stored.unlock_with_passphrase("old").error().code(), ErrorCode::denied);
  expect_same_keys(stored.unlock_with_passphrase("new").value(), ring);
  expect_same_keys(stored.unlock_with_machine_key(machine_key).value(), ring);
  EXPECT_EQ(stored.wraps().size(), 2U);
}

TEST_F(KeyBlockTest, AFailedChangeOfPassphraseChangesNothing) {
  ASSERT_TRUE(block.add_passphrase(ring, "old", cheap, random).has_value());
  const KeyBlock before = block;
  EXPECT_EQ(block.change_passphrase(ring, "", cheap, random).error().code(), ErrorCode::invalid);
  EXPECT_EQ(block.change_passphrase(ring, "new", {.memory_kib = 1}, random).error().code(),
            ErrorCode::invalid);
  EXPECT_EQ(block, before);
}

TEST_F(KeyBlockTest, ARemovedWrapOpensNoMoreAndTheLastOneStays) {
  const WrapId first = block.add_machine_key(ring, machine_key, random).value();
  const codec::SecretKey entropy = draw_key();
  const WrapId second = block.add_words(ring, entropy, random).value();
  EXPECT_EQ(block.remove(ring, WrapId()).error().code(), ErrorCode::not_found);
  EXPECT_TRUE(block.remove(ring, first).has_value());
  EXPECT_EQ(block.unlock_with_machine_key(machine_key).error().code(), ErrorCode::not_found);
  EXPECT_EQ(block.remove(ring, second).error().code(), ErrorCode::invalid);
  expect_same_keys(reread().unlock_with_words(to_recovery_words(entropy)).value(), ring);
}

TEST_F(KeyBlockTest, TheNumberOfWrapsIsBounded) {
  for (std::size_t i = 0; i < key_wraps_max; ++i) {
    ASSERT_TRUE(block.add_machine_key(ring, draw_key(), random).has_value());
  }
  EXPECT_EQ(block.add_machine_key(ring, draw_key(), random).error().code(), ErrorCode::full);
}

TEST_F(KeyBlockTest, SlotsGetWrapsThatCannotBeGuessedOnly) {
  const codec::SecretKey entropy = draw_key();
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  EXPECT_EQ(block.with_words_only(ring).error().code(), ErrorCode::not_found);
  ASSERT_TRUE(block.add_words(ring, entropy, random).has_value());
  const KeyBlock shared = KeyBlock::parse(block.with_words_only(ring).value().serialize()).value();
  ASSERT_EQ(shared.wraps().size(), 1U);
  EXPECT_EQ(shared.wraps()[0].kind, WrapKind::recovery_words);
  expect_same_keys(shared.unlock_with_words(to_recovery_words(entropy)).value(), ring);
}

TEST_F(KeyBlockTest, NewGenerationsComeBesideTheOldOnes) {
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  EXPECT_EQ(block.add_data_generation(ring, random).value(), 2U);
  EXPECT_EQ(block.add_data_generation(ring, random).value(), 3U);
  const KeyRing unlocked = reread().unlock_with_machine_key(machine_key).value();
  EXPECT_EQ(unlocked.data_generation(), 3U);
  expect_same_keys(unlocked, ring);
}

TEST_F(KeyBlockTest, TheNumberOfGenerationsIsBoundedAndABlockFitsIntoASlot) {
  for (std::size_t i = 0; i < key_wraps_max; ++i) {
    ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  }
  auto added = block.add_data_generation(ring, random);
  while (added) added = block.add_data_generation(ring, random);
  EXPECT_EQ(added.error().code(), ErrorCode::full);
  EXPECT_LE(block.serialize().size(), 64 * kib);
  expect_same_keys(reread().unlock_with_machine_key(machine_key).value(), ring);
}

TEST_F(KeyBlockTest, KeysOfAnotherVaultChangeNothing) {
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  const KeyBlock before = block;
  KeyRing other = KeyRing::draw(random);
  const WrapId id = block.wraps()[0].id;
  EXPECT_EQ(block.add_machine_key(other, machine_key, random).error().code(), ErrorCode::conflict);
  EXPECT_EQ(block.remove(other, id).error().code(), ErrorCode::conflict);
  EXPECT_EQ(block.add_data_generation(other, random).error().code(), ErrorCode::conflict);
  EXPECT_EQ(block.change_passphrase(other, "p", cheap, random).error().code(), ErrorCode::conflict);
  EXPECT_EQ(block.with_words_only(other).error().code(), ErrorCode::conflict);
  EXPECT_EQ(block, before);
}

TEST_F(KeyBlockTest, AWrapCannotBeMovedToAnotherVault) {
  KeyRing other_ring = KeyRing::draw(random);
  KeyBlock other = KeyBlock::create(other_ring, random);
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  ASSERT_TRUE(other.add_machine_key(other_ring, machine_key, random).has_value());
  const Bytes from = block.serialize();
  const Bytes moved =
      forged(other.serialize(), first_wrap, ByteView(from).subspan(first_wrap, wrap_bytes));
  // The right key for the moved wrap, but bound to the vault that it came from.
  const auto unlocked = KeyBlock::parse(moved).value().unlock_with_machine_key(machine_key);
  EXPECT_EQ(unlocked.error().code(), ErrorCode::denied);
}

TEST_F(KeyBlockTest, ARemovedWrapCannotBePutBack) {
  ASSERT_TRUE(block.add_machine_key(ring, draw_key(), random).has_value());
  const WrapId id = block.add_machine_key(ring, machine_key, random).value();
  const Bytes before = block.serialize();
  ASSERT_TRUE(block.remove(ring, id).has_value());
  const Bytes after = forged(block.serialize(), first_wrap,
                             ByteView(before).subspan(first_wrap + wrap_bytes, wrap_bytes));
  const auto unlocked = KeyBlock::parse(after).value().unlock_with_machine_key(machine_key);
  EXPECT_EQ(unlocked.error().code(), ErrorCode::corrupt);
}

TEST_F(KeyBlockTest, AHostileCostIsRefusedBeforeAnyWork) {
  ASSERT_TRUE(block.add_passphrase(ring, "open sesame", cheap, random).has_value());
  const Bytes bytes = block.serialize();
  const auto parsed = [&](std::size_t field, std::uint32_t value) {
    return KeyBlock::parse(
        forged(bytes, first_wrap + cost_in_wrap + 4 * field, little_endian(value)));
  };
  for (const std::uint32_t memory_kib : {0U, 1U, 64U * 1024 - 1, 1U << 22, 1U << 30, ~0U}) {
    EXPECT_EQ(parsed(0, memory_kib).error().code(), ErrorCode::corrupt) << memory_kib;
  }
  for (const std::uint32_t count : {0U, 17U, 1'000'000U, ~0U}) {
    EXPECT_EQ(parsed(1, count).error().code(), ErrorCode::corrupt) << count;
    EXPECT_EQ(parsed(2, count).error().code(), ErrorCode::corrupt) << count;
  }
  // Within the limits it is another passphrase's wrap, and no longer opens.
  EXPECT_EQ(parsed(1, 2).value().unlock_with_passphrase("open sesame").error().code(),
            ErrorCode::denied);
}

TEST_F(KeyBlockTest, EveryDamagedByteIsNoticed) {
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  const Bytes bytes = block.serialize();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= std::byte{1};
    EXPECT_EQ(KeyBlock::parse(damaged).error().code(), ErrorCode::corrupt) << i;
    EXPECT_FALSE(KeyBlock::parse(ByteView(bytes).first(i)).has_value());
  }
}

TEST_F(KeyBlockTest, NoForgedByteGivesAnOpenRing) {
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  const Bytes bytes = block.serialize();
  for (std::size_t i = 0; i < bytes.size() - 4; ++i) {
    const Bytes changed = forged(bytes, i, Bytes{bytes[i] ^ std::byte{1}});
    const auto parsed = KeyBlock::parse(changed);
    if (!parsed) continue;
    EXPECT_FALSE(parsed->unlock_with_machine_key(machine_key).has_value()) << i;
  }
}

TEST_F(KeyBlockTest, ANewerVersionOrFeatureIsUnsupported) {
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  const Bytes bytes = block.serialize();
  for (const std::size_t at : {8UL, 10UL, first_wrap + 8}) {
    EXPECT_EQ(KeyBlock::parse(forged(bytes, at, Bytes{std::byte{9}})).error().code(),
              ErrorCode::unsupported);
  }
}

TEST_F(KeyBlockTest, NoSecretIsReadableInTheBlock) {
  const codec::SecretKey entropy = draw_key();
  ASSERT_TRUE(block.add_machine_key(ring, machine_key, random).has_value());
  ASSERT_TRUE(block.add_words(ring, entropy, random).has_value());
  const Bytes bytes = block.serialize();
  for (const ByteView secret : {machine_key.view(), entropy.view(), ring.gear_key().view()}) {
    EXPECT_TRUE(std::search(bytes.begin(), bytes.end(), secret.begin(), secret.end()) ==
                bytes.end());
  }
}

}  // namespace
}  // namespace holdfast::vault
