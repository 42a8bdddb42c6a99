#include "node/message.h"

#include "node/timestamp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <concepts>
#include <stdexcept>
#include <type_traits>

namespace holdfast::node {
namespace {

using Json = nlohmann::ordered_json;

// Each message names its members once, to a visitor that writes or reads them.
class Writer {
 public:
  Json json = Json::object();

  void operator()(const char* name, const std::string& value) { json[name] = value; }
  void operator()(const char* name, std::uint64_t value) { json[name] = value; }
  void operator()(const char* name, bool value) { json[name] = value; }
  void operator()(const char* name, WallTime value) { json[name] = to_rfc3339(value); }
  void operator()(const char* name, State value) { json[name] = to_string(value); }
  void operator()(const char* name, ErrorCode value) { json[name] = to_string(value); }
  void operator()(const char* name, const std::vector<std::string>& value) { json[name] = value; }
  void operator()(const char* name, const Fields& value) {
    Json& fields = json[name] = Json::object();
    for (const auto& [key, text] : value) fields[key] = text;
  }
  template <class Part>
  void operator()(const char* name, const std::vector<Part>& parts) {
    Json& list = json[name] = Json::array();
    for (const Part& part : parts) {
      Writer writer;
      members(writer, part);
      list.push_back(std::move(writer.json));
    }
  }
};

// A member that is not there keeps its standard value; one of another type throws nlohmann's error.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  void operator()(const char* name, std::string& value) const { get(name, value); }
  void operator()(const char* name, std::uint64_t& value) const { get(name, value); }
  void operator()(const char* name, bool& value) const { get(name, value); }
  void operator()(const char* name, std::vector<std::string>& value) const { get(name, value); }
  void operator()(const char* name, WallTime& value) const {
    std::string text;
    get(name, text);
    if (text.empty()) return;
    const auto time = from_rfc3339(text);
    if (!time) throw std::invalid_argument(time.error().context());
    value = *time;
  }
  void operator()(const char* name, State& value) const {
    std::string text;
    get(name, text);
    for (const State state : {State::starting, State::locked, State::ready, State::read_only,
                              State::draining, State::failed}) {
      if (text == to_string(state)) value = state;
    }
  }
  void operator()(const char* name, ErrorCode& value) const {
    std::string text;
    get(name, text);
    for (int code = 0; code <= static_cast<int>(ErrorCode::io); ++code) {
      if (text == to_string(static_cast<ErrorCode>(code))) value = static_cast<ErrorCode>(code);
    }
  }
  void operator()(const char* name, Fields& value) const {
    if (!json_.contains(name)) return;
    for (const auto& [key, text] : json_.at(name).items()) {
      value.emplace_back(key, text.template get<std::string>());
    }
  }
  template <class Part>
  void operator()(const char* name, std::vector<Part>& parts) const {
    if (!json_.contains(name)) return;
    for (const Json& item : json_.at(name)) {
      if (!item.is_object()) throw std::invalid_argument("an object is needed");
      members(Reader(item), parts.emplace_back());
    }
  }

 private:
  template <class Value>
  void get(const char* name, Value& value) const {
    if (const auto found = json_.find(name); found != json_.end()) found->get_to(value);
  }

  const Json& json_;
};

// Message is const when it is written.
template <class Message, class Plain>
concept Either = std::same_as<std::remove_const_t<Message>, Plain>;

void members(auto&& visit, Either<DiskReport> auto& message) {
  visit("folder", message.folder);
  visit("size", message.size);
  visit("free", message.free);
  visit("access", message.access);
}
void members(auto&& visit, Either<StatusReport> auto& message) {
  visit("state", message.state);
  visit("reason", message.reason);
  visit("version", message.version);
  visit("process", message.process);
  visit("since", message.since);
  visit("data_folder", message.data_folder);
  visit("site", message.site);
  visit("s3", message.s3);
  visit("region", message.region);
  visit("metrics", message.metrics);
  visit("disks", message.disks);
}
void members(auto&& visit, Either<BucketReport> auto& message) {
  visit("name", message.name);
  visit("owner", message.owner);
  visit("created", message.created);
  visit("objects", message.objects);
  visit("bytes", message.bytes);
  visit("settings", message.settings);
}
void members(auto&& visit, Either<BucketList> auto& message) {
  visit("buckets", message.buckets);
}
void members(auto&& visit, Either<BucketWish> auto& message) {
  visit("owner", message.owner);
  visit("settings", message.settings);
}
void members(auto&& visit, Either<ObjectReport> auto& message) {
  visit("key", message.key);
  visit("size", message.size);
  visit("etag", message.etag);
  visit("modified", message.modified);
  visit("fields", message.fields);
}
void members(auto&& visit, Either<ObjectPage> auto& message) {
  visit("objects", message.objects);
  visit("prefixes", message.prefixes);
  visit("is_truncated", message.is_truncated);
  visit("next", message.next);
  visit("next_is_prefix", message.next_is_prefix);
}
void members(auto&& visit, Either<Passage> auto& message) {
  visit("from_bucket", message.from_bucket);
  visit("from_key", message.from_key);
  visit("to_bucket", message.to_bucket);
  visit("to_key", message.to_key);
}
void members(auto&& visit, Either<UsageReport> auto& message) {
  visit("objects", message.objects);
  visit("logical_bytes", message.logical_bytes);
  visit("unique_bytes", message.unique_bytes);
  visit("stored_bytes", message.stored_bytes);
  visit("chunks", message.chunks);
  visit("segments", message.segments);
}
void members(auto&& visit, Either<UserReport> auto& message) {
  visit("name", message.name);
  visit("is_admin", message.is_admin);
  visit("created", message.created);
  visit("keys", message.keys);
}
void members(auto&& visit, Either<UserList> auto& message) {
  visit("users", message.users);
}
void members(auto&& visit, Either<UserWish> auto& message) {
  visit("name", message.name);
  visit("is_admin", message.is_admin);
}
void members(auto&& visit, Either<KeyReport> auto& message) {
  visit("id", message.id);
  visit("user", message.user);
  visit("created", message.created);
}
void members(auto&& visit, Either<KeyList> auto& message) {
  visit("keys", message.keys);
}
void members(auto&& visit, Either<KeyWish> auto& message) {
  visit("user", message.user);
  visit("access_key", message.access_key);
  visit("secret_key", message.secret_key);
}
void members(auto&& visit, Either<NewKey> auto& message) {
  visit("user", message.user);
  visit("access_key", message.access_key);
  visit("secret_key", message.secret_key);
}
void members(auto&& visit, Either<VaultKeyReport> auto& message) {
  visit("kind", message.kind);
  visit("place", message.place);
}
void members(auto&& visit, Either<VaultKeyList> auto& message) {
  visit("keys", message.keys);
}
void members(auto&& visit, Either<Words> auto& message) {
  visit("words", message.words);
}
void members(auto&& visit, Either<Passphrase> auto& message) {
  visit("passphrase", message.passphrase);
}
void members(auto&& visit, Either<Freed> auto& message) {
  visit("bytes", message.bytes);
}
void members(auto&& visit, Either<SettingReport> auto& message) {
  visit("name", message.name);
  visit("values", message.values);
  visit("origin", message.origin);
}
void members(auto&& visit, Either<SettingList> auto& message) {
  visit("settings", message.settings);
}
void members(auto&& visit, Either<Refusal> auto& message) {
  visit("code", message.code);
  visit("message", message.message);
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::starting:
      return "starting";
    case State::locked:
      return "locked";
    case State::ready:
      return "ready";
    case State::read_only:
      return "read_only";
    case State::draining:
      return "draining";
    case State::failed:
      return "failed";
  }
  return "unknown";
}

template <class Message>
std::string encode(const Message& message) {
  Writer writer;
  members(writer, message);
  // Names on disks need not be UTF-8; what is not is shown as such.
  return writer.json.dump(2, ' ', false, Json::error_handler_t::replace);
}

template <class Message>
Result<Message> decode(std::string_view json) try {
  const Json parsed = Json::parse(json);
  if (!parsed.is_object()) return fail(ErrorCode::invalid, "a JSON object is needed");
  Message message;
  members(Reader(parsed), message);
  return message;
} catch (const std::exception& failure) {  // nlohmann's own and ours above.
  return fail(ErrorCode::invalid, fmt::format("not the JSON that is needed: {}", failure.what()));
}

template std::string encode(const StatusReport&);
template Result<StatusReport> decode(std::string_view);
template std::string encode(const BucketReport&);
template Result<BucketReport> decode(std::string_view);
template std::string encode(const BucketList&);
template Result<BucketList> decode(std::string_view);
template std::string encode(const BucketWish&);
template Result<BucketWish> decode(std::string_view);
template std::string encode(const ObjectPage&);
template std::string encode(const ObjectReport&);
template Result<ObjectReport> decode(std::string_view);
template Result<ObjectPage> decode(std::string_view);
template std::string encode(const Passage&);
template Result<Passage> decode(std::string_view);
template std::string encode(const UsageReport&);
template Result<UsageReport> decode(std::string_view);
template std::string encode(const UserReport&);
template Result<UserReport> decode(std::string_view);
template std::string encode(const UserList&);
template Result<UserList> decode(std::string_view);
template std::string encode(const UserWish&);
template Result<UserWish> decode(std::string_view);
template std::string encode(const KeyReport&);
template Result<KeyReport> decode(std::string_view);
template std::string encode(const KeyList&);
template Result<KeyList> decode(std::string_view);
template std::string encode(const KeyWish&);
template Result<KeyWish> decode(std::string_view);
template std::string encode(const NewKey&);
template Result<NewKey> decode(std::string_view);
template std::string encode(const VaultKeyList&);
template Result<VaultKeyList> decode(std::string_view);
template std::string encode(const Words&);
template Result<Words> decode(std::string_view);
template std::string encode(const Passphrase&);
template Result<Passphrase> decode(std::string_view);
template std::string encode(const Freed&);
template Result<Freed> decode(std::string_view);
template std::string encode(const SettingList&);
template Result<SettingList> decode(std::string_view);
template std::string encode(const Refusal&);
template Result<Refusal> decode(std::string_view);

std::string json_string(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::already_exists:
      return 409;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::denied:
      return 403;
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::unsupported:
      return 501;
    case ErrorCode::corrupt:
      return 500;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::timed_out:
      return 504;
    case ErrorCode::full:
      return 507;
    case ErrorCode::io:
      return 500;
  }
  return 500;
}

}  // namespace holdfast::node
