#include "catalog/users.h"
#include "catalog/catalog_test.h"
#include "catalog/rows.h"
#include "catalog/user_rows.h"

namespace holdfast::catalog {
namespace {

class UsersTest : public CatalogTest {
 protected:
  UsersTest() { reopen(); }
  void TearDown() override {
    users.reset();
    CatalogTest::TearDown();
  }
  void reopen() {
    users.reset();
    close();
    open();
    users = world.run(Users::open(*vault, keys, world, world.random())).value();
  }
  User make(std::string name, bool is_admin = false) {
    return world.run(users->create(std::move(name), is_admin)).value();
  }

  vault::KeyRing keys = vault::KeyRing::draw(world.random());
  std::unique_ptr<Users> users;
};

TEST_F(UsersTest, UsersAndKeysSurviveARestart) {
  const User ada = make("ada", true);
  const User bob = make("bob");
  EXPECT_NE(ada.id, bob.id);
  const auto drawn = world.run(users->create_key("ada", std::nullopt)).value();
  EXPECT_EQ(drawn.access_key.size(), 20u);
  EXPECT_TRUE(drawn.access_key.starts_with("HF"));
  EXPECT_EQ(drawn.secret_key.size(), 40u);
  const Credentials given{.access_key = "automation", .secret_key = "a secret of mine"};
  EXPECT_EQ(world.run(users->create_key("bob", given)).value().access_key, "automation");
  reopen();
  EXPECT_EQ(users->find_signer(drawn.access_key)->secret_key, drawn.secret_key);
  EXPECT_EQ(users->find_signer(drawn.access_key)->user.name, "ada");
  EXPECT_TRUE(users->find_signer(drawn.access_key)->user.is_admin);
  EXPECT_EQ(users->find_signer("automation")->secret_key, "a secret of mine");
  EXPECT_FALSE(users->find_signer("unknown").has_value());
  EXPECT_EQ(world.run(users->find(bob.id)).value().name, "bob");
  EXPECT_EQ(world.run(users->list()).value().size(), 2u);
  EXPECT_EQ(world.run(users->list_keys("bob")).value().size(), 1u);
  EXPECT_EQ(world.run(users->list_keys(std::nullopt)).value().size(), 2u);
  EXPECT_NE(make("eve").id, bob.id);
}

TEST_F(UsersTest, RulesAreKept) {
  make("ada", true);
  make("bob");
  for (const std::string name : {"", "Ada", ".x", "a b", "a/b"}) {
    EXPECT_EQ(code_of(world.run(users->create(name, false))), ErrorCode::invalid) << name;
  }
  EXPECT_EQ(code_of(world.run(users->create("bob", false))), ErrorCode::already_exists);
  EXPECT_EQ(code_of(world.run(users->remove("ada"))), ErrorCode::conflict);
  EXPECT_EQ(code_of(world.run(users->find("eve"))), ErrorCode::not_found);
  const Credentials given{.access_key = "shared", .secret_key = "12345678"};
  EXPECT_TRUE(world.run(users->create_key("ada", given)).has_value());
  EXPECT_EQ(code_of(world.run(users->create_key("bob", given))), ErrorCode::already_exists);
  const Credentials anew{.access_key = "shared", .secret_key = "87654321"};
  EXPECT_TRUE(world.run(users->create_key("ada", anew)).has_value());
  EXPECT_EQ(users->find_signer("shared")->secret_key, "87654321");
  for (const Credentials& bad : {Credentials{"a/b", "12345678"}, Credentials{"ab", "12345678"},
                                 Credentials{"abc", "1234567"}}) {
    EXPECT_EQ(code_of(world.run(users->create_key("bob", bad))), ErrorCode::invalid);
  }
}

TEST_F(UsersTest, AUserLeavesWithHisKeysAndWithoutBuckets) {
  make("ada", true);
  const User bob = make("bob");
  const auto key = world.run(users->create_key("bob", std::nullopt)).value();
  EXPECT_TRUE(world.run(catalog->create_bucket("bucket", bob.id, {})).has_value());
  EXPECT_EQ(code_of(world.run(users->remove("bob"))), ErrorCode::conflict);
  EXPECT_TRUE(world.run(catalog->remove_bucket("bucket")).has_value());
  EXPECT_TRUE(world.run(users->remove("bob")).has_value());
  EXPECT_FALSE(users->find_signer(key.access_key).has_value());
  reopen();
  EXPECT_FALSE(users->find_signer(key.access_key).has_value());
  EXPECT_EQ(code_of(world.run(users->find("bob"))), ErrorCode::not_found);
}

TEST_F(UsersTest, ARevokedKeyIsGoneAtOnceAndForGood) {
  make("ada", true);
  const auto key = world.run(users->create_key("ada", std::nullopt)).value();
  EXPECT_TRUE(world.run(users->revoke_key(key.access_key)).has_value());
  EXPECT_FALSE(users->find_signer(key.access_key).has_value());
  EXPECT_EQ(code_of(world.run(users->revoke_key(key.access_key))), ErrorCode::not_found);
  reopen();
  EXPECT_FALSE(users->find_signer(key.access_key).has_value());
}

TEST_F(UsersTest, SecretsAreSealedToTheirKey) {
  make("ada", true);
  const Credentials given{.access_key = "plain", .secret_key = "find me if you can"};
  EXPECT_TRUE(world.run(users->create_key("ada", given)).has_value());
  const auto row =
      world.run(vault->table().get(settings_family, access_key_row_key("plain"), nullptr)).value();
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->find("find me"), std::string::npos);
  // Moved to another key's row, it does not open.
  vault::Record record;
  record.put(settings_family, access_key_row_key("other"), *row);
  EXPECT_TRUE(world.run(vault->commit(std::move(record))).has_value());
  EXPECT_EQ(code_of(world.run(Users::open(*vault, keys, world, world.random()))),
            ErrorCode::corrupt);
}

TEST_F(UsersTest, AFailedCommitChangesNothing) {
  make("ada", true);
  vault->fail_commits(ErrorCode::full, 0, 2);
  EXPECT_EQ(code_of(world.run(users->create("bob", false))), ErrorCode::full);
  EXPECT_EQ(code_of(world.run(users->create_key("ada", Credentials{"abc", "12345678"}))),
            ErrorCode::full);
  EXPECT_EQ(code_of(world.run(users->find("bob"))), ErrorCode::not_found);
  EXPECT_FALSE(users->find_signer("abc").has_value());
}

}  // namespace
}  // namespace holdfast::catalog
