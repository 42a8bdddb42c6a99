// Users and their access keys: who may do what over S3 and the command line. Rows of the vault's
// tables; secrets are encrypted under a key of the vault and leave it only here.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "catalog/object.h"
#include "env/clock.h"
#include "env/random.h"
#include "vault/keys.h"
#include "vault/vault.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::catalog {

struct User {
  UserId id = 0;
  std::string name;       // [a-z0-9._-], 1 to 64 bytes, begins with a letter or digit.
  bool is_admin = false;  // May see and change everything, and make users.
  WallTime created;
};

struct AccessKey {
  std::string id;  // "HF" and 18 of A-Z2-7, or as given for automation (3 to 128 printable bytes).
  UserId user = 0;
  WallTime created;
};

struct Credentials {
  std::string access_key;
  std::string secret_key;
};

// Whose signature it is, for checking it.
struct Signer {
  User user;
  std::string secret_key;
};

class Users {
 public:
  static Task<Result<std::unique_ptr<Users>>> open(vault::Vault& vault, const vault::KeyRing& keys,
                                                   env::Clock& clock, env::Random& random);
  virtual ~Users() = default;

  virtual Task<Result<User>> create(std::string name, bool is_admin) = 0;
  virtual Task<Result<User>> find(std::string name) = 0;
  virtual Task<Result<User>> find(UserId id) = 0;
  virtual Task<Result<std::vector<User>>> list() = 0;
  // Also revokes the user's keys. `conflict` while the user owns buckets, or is the last admin.
  virtual Task<Result<void>> remove(std::string name) = 0;

  // Generates a key, or takes the one given. `already_exists` if another user has that id.
  virtual Task<Result<Credentials>> create_key(std::string user,
                                               std::optional<Credentials> given) = 0;
  virtual Task<Result<std::vector<AccessKey>>> list_keys(std::optional<std::string> user) = 0;
  virtual Task<Result<void>> revoke_key(std::string access_key) = 0;

  // From memory: every request asks. Nothing for an unknown key.
  virtual std::optional<Signer> find_signer(std::string_view access_key) const = 0;
};

}  // namespace holdfast::catalog
