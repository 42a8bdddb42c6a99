// What a request is about: the bucket and the key, by path or by virtual host, and the query.
#pragma once

#include "gateway/s3/protocol/error.h"
#include "net/http.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::s3 {

// The parameters of a query, decoded, in the order received. '+' is a space, as in forms.
class Query {
 public:
  struct Parameter {
    std::string name;
    std::string value;
    bool has_value = false;  // "?acl" has none, "?prefix=" an empty one.
  };

  static Outcome<Query> parse(std::string_view raw);

  // The first value under that name, which is compared exactly.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  const std::vector<Parameter>& parameters() const { return parameters_; }

 private:
  std::vector<Parameter> parameters_;
};

struct Target {
  std::string bucket;  // Empty: the service itself.
  std::string key;     // Empty: the bucket itself.
  std::string path;    // The whole path, decoded: what signatures are made over.
  Query query;
};

// `domains`: names under which each bucket has a host of its own; "s3.example.org" makes
// "photos.s3.example.org" the bucket "photos". Names and keys are not judged here.
// Fails with InvalidURI when the target cannot be decoded.
Outcome<Target> parse_target(const net::Request& request, std::span<const std::string> domains);

}  // namespace holdfast::s3
