// The key ring and recovery words.
#include "vault/keys.h"

#include "base/hex.h"
#include "codec/digest.h"
#include "sim/random.h"
#include "vault/key_block.h"
#include "vault/recovery_words.h"

#include <gtest/gtest.h>

#include <set>

namespace holdfast::vault {
namespace {

std::string text_of(const codec::SecretKey& key) {
  return to_hex(key.view());
}

codec::SecretKey repeated(int byte) {
  return codec::SecretKey::from(Bytes(32, static_cast<std::byte>(byte)));
}

TEST(KeyRingTest, EveryPurposeAndSubjectHasItsOwnKey) {
  sim::Random random(1);
  const KeyRing ring = KeyRing::draw(random);
  const auto segment = random.draw<SegmentId>();
  std::set<std::string> keys;
  std::size_t count = 0;
  const auto add = [&](const codec::SecretKey& key) {
    keys.insert(text_of(key));
    ++count;
  };
  add(ring.gear_key());
  add(ring.chunk_id_key(0));
  add(ring.chunk_id_key(1));
  add(ring.segment_key(1, segment, SegmentKind::data).value());
  add(ring.segment_key(1, segment, SegmentKind::checkpoint).value());
  add(ring.segment_key(1, random.draw<SegmentId>(), SegmentKind::data).value());
  add(ring.log_key(random.draw<GenerationId>()));
  add(ring.log_key(random.draw<GenerationId>()));
  add(ring.table_key());
  add(ring.secrets_key());
  add(ring.register_key());
  EXPECT_EQ(keys.size(), count);
  EXPECT_EQ(text_of(ring.segment_key(1, segment, SegmentKind::data).value()),
            text_of(ring.segment_key(1, segment, SegmentKind::data).value()));
}

TEST(KeyRingTest, AnUnknownGenerationIsNotFound) {
  sim::Random random(1);
  const KeyRing ring = KeyRing::draw(random);
  EXPECT_EQ(ring.data_generation(), 1U);
  const auto key = ring.segment_key(2, random.draw<SegmentId>(), SegmentKind::data);
  EXPECT_EQ(key.error().code(), ErrorCode::not_found);
}

TEST(KeyRingTest, TwoVaultsShareNothing) {
  sim::Random random(1);
  const KeyRing one = KeyRing::draw(random);
  const KeyRing other = KeyRing::draw(random);
  EXPECT_NE(one.vault(), other.vault());
  EXPECT_NE(text_of(one.gear_key()), text_of(other.gear_key()));
  EXPECT_NE(text_of(one.chunk_id_key(1)), text_of(other.chunk_id_key(1)));
  EXPECT_NE(text_of(one.table_key()), text_of(other.table_key()));
}

// Draws 0, 1, 2 and so on.
class CountingRandom final : public env::Random {
 public:
  void fill(MutableByteView into) override {
    for (std::byte& byte : into) byte = static_cast<std::byte>(next_++);
  }

 private:
  unsigned next_ = 0;
};

// What was stored under a derived key stays readable only as long as these stay the same.
TEST(KeyRingTest, DerivedKeysStayWhatTheyHaveAlwaysBeen) {
  CountingRandom random;
  const KeyRing ring = KeyRing::draw(random);
  const auto segment = SegmentId::from(Bytes(16, std::byte{1}));
  const auto generation = GenerationId::from(Bytes(16, std::byte{2}));
  EXPECT_EQ(text_of(ring.chunk_id_key(7)),
            "f784e97ae15cc8e32c021995e464fe65940d874fe33e10b34e92c40e82890569");
  EXPECT_EQ(text_of(ring.segment_key(1, segment, SegmentKind::data).value()),
            "0cbe4c9db7bbe1f7a8eb525c98602fe4a5c4324cded11d35eea9ae975b5c5578");
  EXPECT_EQ(text_of(ring.log_key(generation)),
            "9b58b7eb1aeb6d1775e403780d50fec5ef03f102cfcd0c51a76eba507de69a89");
  EXPECT_EQ(text_of(ring.table_key()),
            "63458d0440bc4e4864e7140f0f79c9f7a78c73fd8e16b7ab2877a9a3353a205d");
  EXPECT_EQ(text_of(ring.secrets_key()),
            "6deabaacc473ef937c1ce8ec97850d0729c78245e31ea2f615cc4583808ca035");
  EXPECT_EQ(text_of(ring.register_key()),
            "eb5823d634288516e289708b709cae3d14c7fd28ca56e590d56a3c7a04c88bc7");

  // And a stored block keeps its bytes.
  KeyBlock block = KeyBlock::create(ring, random);
  ASSERT_TRUE(block.add_machine_key(ring, repeated(1), random).has_value());
  EXPECT_EQ(block.serialize().size(), 476U);
  EXPECT_EQ(to_hex(codec::Sha256::of(block.serialize())),
            "ee85bc21d06436da206b2a4041969c2be4bd347f40fcbc292da709e599b9e4a4");
}

// From the vectors that accompany BIP-39.
TEST(RecoveryWordsTest, AgreeWithThePublishedVectors) {
  EXPECT_EQ(to_recovery_words(repeated(0)),
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
            "abandon abandon abandon art");
  EXPECT_EQ(to_recovery_words(repeated(0x7f)),
            "legal winner thank year wave sausage worth useful legal winner thank year wave "
            "sausage worth useful legal winner thank year wave sausage worth title");
  EXPECT_EQ(to_recovery_words(repeated(0xff)),
            "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
            "zoo zoo vote");
}

TEST(RecoveryWordsTest, AreReadBackInAnyCaseAndSpacing) {
  sim::Random random(3);
  for (int i = 0; i < 200; ++i) {
    codec::SecretKey entropy;
    random.fill(entropy.writable());
    std::string words = to_recovery_words(entropy);
    EXPECT_EQ(text_of(from_recovery_words(words).value()), text_of(entropy));
    std::string loose = "\n\t ";
    for (const char letter : words) {
      loose += letter == ' ' ? std::string(" \r\n ") : std::string(1, letter);
      if (letter >= 'a' && letter < 'n') loose.back() = static_cast<char>(letter - 'a' + 'A');
    }
    EXPECT_EQ(text_of(from_recovery_words(loose + " ").value()), text_of(entropy));
  }
}

TEST(RecoveryWordsTest, MistakesAreNamedWithoutRepeatingTheWords) {
  const std::string good = to_recovery_words(repeated(0x7f));
  const auto complaint = [](std::string_view words) {
    const auto entropy = from_recovery_words(words);
    EXPECT_EQ(entropy.error().code(), ErrorCode::invalid);
    return entropy.error().context();
  };
  EXPECT_NE(complaint("").find("0 instead of 24"), std::string::npos);
  EXPECT_NE(complaint(good.substr(0, good.rfind(' '))).find("23 instead of 24"), std::string::npos);
  EXPECT_NE(complaint(good + " zoo").find("more than 24"), std::string::npos);
  EXPECT_NE(complaint("legal winnner" + good.substr(12)).find("word 2"), std::string::npos);
  EXPECT_EQ(complaint("legal winnner" + good.substr(12)).find("winnner"), std::string::npos);
  EXPECT_NE(complaint("winner legal" + good.substr(12)).find("checksum"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::vault
