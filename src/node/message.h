// What a node and those who ask it over /v1 tell each other, and its JSON (docs/formats/api.md).
//
// encode() and decode() are each other's inverse. decode() fails with `invalid` on anything that is
// not the JSON of that message; members that it does not know are ignored, so that either side may
// be newer.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::node {

enum class State { starting, locked, ready, read_only, draining, failed };

std::string_view to_string(State state);

using Fields = std::vector<std::pair<std::string, std::string>>;

struct DiskReport {
  std::string folder;
  std::uint64_t size = 0;
  std::uint64_t free = 0;
  std::string access;  // How it is read and written: io_uring or threads.
};

struct StatusReport {
  State state = State::starting;
  std::string reason;  // Why it is not ready, and what to do; empty when it is.
  std::string version;
  std::uint64_t process = 0;
  WallTime since;
  std::string data_folder;
  std::string site;
  std::string s3;  // "http://127.0.0.1:9000"; empty while S3 is not served.
  std::string region;
  std::string metrics;  // Empty unless served on an address of its own.
  std::vector<DiskReport> disks;
};

struct BucketReport {
  std::string name;
  std::string owner;
  WallTime created;
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  Fields settings;
};
struct BucketList {
  std::vector<BucketReport> buckets;
};

// What a new bucket is given.
struct BucketWish {
  std::string owner;  // Empty: the first administrator.
  Fields settings;
};

struct ObjectReport {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;
  WallTime modified;
  Fields fields;
};

struct ObjectPage {
  std::vector<ObjectReport> objects;
  std::vector<std::string> prefixes;
  bool is_truncated = false;
  std::string next;  // Of the last page: empty.
  bool next_is_prefix = false;
};

// An object to a new name, for copy and rename.
struct Passage {
  std::string from_bucket;
  std::string from_key;
  std::string to_bucket;
  std::string to_key;
};

struct UsageReport {
  std::uint64_t objects = 0;
  std::uint64_t logical_bytes = 0;  // As uploaded.
  std::uint64_t unique_bytes = 0;   // Each chunk once.
  std::uint64_t stored_bytes = 0;   // Compressed and encrypted, in slots.
  std::uint64_t chunks = 0;
  std::uint64_t segments = 0;
};

struct UserReport {
  std::string name;
  bool is_admin = false;
  WallTime created;
  std::uint64_t keys = 0;
};
struct UserList {
  std::vector<UserReport> users;
};

struct UserWish {
  std::string name;
  bool is_admin = false;
};

struct KeyReport {
  std::string id;
  std::string user;
  WallTime created;
};
struct KeyList {
  std::vector<KeyReport> keys;
};

// A new key is drawn unless one is given, with id and secret.
struct KeyWish {
  std::string user;
  std::string access_key = {};
  std::string secret_key = {};
};

// Told once, when a key is made.
struct NewKey {
  std::string user;
  std::string access_key;
  std::string secret_key;
};

// A way to open the vault.
struct VaultKeyReport {
  std::string kind;  // "words", "passphrase" or "machine".
  std::string place;
};
struct VaultKeyList {
  std::vector<VaultKeyReport> keys;
};

struct Words {
  std::string words;
};

struct Passphrase {
  std::string passphrase;
};

struct Freed {
  std::uint64_t bytes = 0;
};

struct SettingReport {
  std::string name;
  std::vector<std::string> values;
  std::string origin;
};
struct SettingList {
  std::vector<SettingReport> settings;
};

// A failure, told with the status that its code maps to.
struct Refusal {
  ErrorCode code = ErrorCode::io;
  std::string message;
};

template <class Message>
std::string encode(const Message& message);

template <class Message>
Result<Message> decode(std::string_view json);

// A single string, number or list in JSON, for those who write a line of it themselves.
std::string json_string(std::string_view text);

// HTTP's status for a failure.
unsigned status_of(ErrorCode code);

}  // namespace holdfast::node
