// Catalog: buckets, the objects in them, and uploads in progress, as rows of the vault's tables.
//
// Keys are bytes; listings are in byte order of whole keys. A name may be an object and a prefix of
// others at once. Each change is one record of the vault: durable and visible when the call
// returns, all of it or nothing. Changes of one object happen one after the other.
//
// Formats: docs/formats/catalog.md.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/object.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/table.h"
#include "vault/vault.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::catalog {

struct ListRequest {
  BucketId bucket = 0;
  std::string prefix;
  std::string delimiter;         // Empty: none. May have several bytes.
  std::string after;             // Only what sorts after this key (or common prefix).
  bool after_is_prefix = false;  // `after` is a common prefix: skip all keys that begin with it.
  std::size_t count_max = 1000;  // Objects and prefixes together.
};

struct ListPage {
  std::vector<ObjectInfo> objects;
  std::vector<std::string> prefixes;  // Both in byte order.
  bool is_truncated = false;
  std::string next;             // Goes into the next request's `after` …
  bool next_is_prefix = false;  // … and `after_is_prefix`.
};

struct Usage {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;  // Logical: as uploaded.
};

using UploadId = std::string;  // 32 hexadecimal digits.

struct UploadInfo {
  UploadId id;
  std::string key;
  UserId initiator = 0;
  WallTime started;
  Fields fields;
};

struct ListUploadsRequest {
  BucketId bucket = 0;
  std::string prefix;
  std::string delimiter;
  std::string key_after;
  UploadId upload_after;
  std::size_t count_max = 1000;
};

struct ListUploadsPage {
  std::vector<UploadInfo> uploads;
  std::vector<std::string> prefixes;
  bool is_truncated = false;
  std::string next_key;
  UploadId next_upload;
};

// A part as the client names it when it completes an upload.
struct PartChoice {
  std::uint32_t number = 0;
  std::string etag;
};

// An object, opened: what it was at that moment stays readable however long it takes.
struct OpenObject {
  ObjectInfo info;
  std::unique_ptr<vault::ContentReader> body;  // Of the range asked for.
};

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Chooses the range once the object is known: {0, info.size} for all of it.
using RangeChooser = std::function<Result<ByteRange>(const ObjectInfo&)>;

class Catalog : public vault::LiveChunks {
 public:
  // The families that the vault's table must be opened with, beginning at first_catalog_family.
  static std::vector<env::FamilyOptions> families();

  static Task<Result<std::unique_ptr<Catalog>>> open(vault::Vault& vault, env::Clock& clock,
                                                     env::Random& random);

  // --- Buckets.
  virtual Task<Result<Bucket>> create_bucket(std::string name, UserId owner, Fields settings) = 0;
  virtual Task<Result<Bucket>> find_bucket(std::string name) = 0;
  virtual Task<Result<void>> set_bucket(std::string name, Fields settings) = 0;
  // `conflict` while there are objects or uploads in it.
  virtual Task<Result<void>> remove_bucket(std::string name) = 0;
  // Of one owner, or all without; after `after`, by name.
  virtual Task<Result<std::vector<Bucket>>> list_buckets(std::optional<UserId> owner,
                                                         std::string prefix, std::string after,
                                                         std::size_t count_max) = 0;
  virtual Task<Result<Usage>> bucket_usage(BucketId bucket, std::string prefix) = 0;

  // --- Objects. Missing ones are `not_found`.
  virtual Task<Result<ObjectInfo>> put(BucketId bucket, std::string key, vault::Content content,
                                       Attributes attributes, Condition condition) = 0;
  virtual Task<Result<ObjectInfo>> head(BucketId bucket, std::string key) = 0;
  virtual Task<Result<OpenObject>> get(BucketId bucket, std::string key, RangeChooser range) = 0;
  // Nothing where there was no such object; that is no error.
  virtual Task<Result<std::optional<ObjectInfo>>> remove(BucketId bucket, std::string key,
                                                         Condition condition) = 0;
  // The content and, unless `attributes` replace them, the attributes of `source`, without reading
  // it.
  struct Source {
    BucketId bucket = 0;
    std::string key;
    Condition condition;
  };
  virtual Task<Result<ObjectInfo>> copy(Source source, BucketId bucket, std::string key,
                                        std::optional<Attributes> attributes,
                                        Condition condition) = 0;
  // Atomic within a bucket; replaces `to`.
  virtual Task<Result<void>> rename(BucketId bucket, std::string from, std::string to) = 0;
  virtual Task<Result<ListPage>> list(ListRequest request) = 0;
  // The parts that an object was made of; empty if it was not.
  virtual Task<Result<std::vector<PartInfo>>> object_parts(BucketId bucket, std::string key) = 0;

  // --- Multipart uploads. An unknown upload is `not_found`.
  virtual Task<Result<UploadInfo>> create_upload(BucketId bucket, std::string key, UserId initiator,
                                                 Fields fields) = 0;
  virtual Task<Result<UploadInfo>> find_upload(BucketId bucket, std::string key, UploadId id) = 0;
  struct PartPlace {
    BucketId bucket = 0;
    std::string key;
    UploadId upload;
    std::uint32_t number = 0;
  };
  // Replaces an earlier part of that number.
  virtual Task<Result<PartInfo>> put_part(PartPlace place, vault::Content content,
                                          Attributes attributes) = 0;
  // The range of the source object, without reading it more than chunk borders make necessary.
  virtual Task<Result<PartInfo>> copy_part(Source source, RangeChooser range, PartPlace place,
                                           Attributes attributes) = 0;
  virtual Task<Result<std::vector<PartInfo>>> list_parts(BucketId bucket, std::string key,
                                                         UploadId id, std::uint32_t after,
                                                         std::size_t count_max) = 0;
  virtual Task<Result<ListUploadsPage>> list_uploads(ListUploadsRequest request) = 0;
  // `parts` in ascending order. `invalid` when a part is missing or has another ETag. `attributes`
  // are complete: the gateway has computed the ETag from list_parts().
  virtual Task<Result<ObjectInfo>> complete_upload(BucketId bucket, std::string key, UploadId id,
                                                   std::vector<PartChoice> parts,
                                                   Attributes attributes, Condition condition) = 0;
  virtual Task<Result<void>> abort_upload(BucketId bucket, std::string key, UploadId id) = 0;
  // Aborts uploads started before `before`; returns how many.
  virtual Task<Result<std::size_t>> abort_stale_uploads(WallTime before) = 0;
};

}  // namespace holdfast::catalog
