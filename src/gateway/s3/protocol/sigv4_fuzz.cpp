// Any head of a request: parsing, canonical form, routing and verification must not fall over, and
// nothing may pass without the key.
#include "base/check.h"
#include "gateway/s3/protocol/headers.h"
#include "gateway/s3/protocol/operation.h"
#include "gateway/s3/protocol/sigv4.h"
#include "gateway/s3/protocol/times.h"

namespace s3 = holdfast::s3;

// The first line is method and target, those after it are "name:value".
static holdfast::net::Request make_request(std::string_view text) {
  holdfast::net::Request request;
  bool is_first = true;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto mark = std::min(line.find(is_first ? ' ' : ':'), line.size());
    const auto rest = line.substr(std::min(mark + 1, line.size()));
    if (is_first) {
      request.method = line.substr(0, mark);
      request.target = rest;
    } else {
      request.headers.add(std::string(line.substr(0, mark)), std::string(rest));
    }
    is_first = false;
  }
  return request;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = make_request({reinterpret_cast<const char*>(data), size});
  const std::vector<std::string> domains{"s3.test"};
  const auto target = s3::parse_target(request, domains);
  if (!target) return 0;
  if (const auto operation = s3::find_operation(request, *target)) {
    (void)s3::check_headers(request, *operation);
  }
  const auto now = *s3::parse_amz_time("20130524T000000Z");
  const auto authorization = s3::read_authorization(request, *target, "us-east-1", now);
  if (!authorization || !*authorization) return 0;
  static const auto key = s3::derive_signing_key("secret", "20130524", "us-east-1");
  holdfast::check(!s3::verify(**authorization, request, *target, key),
                  "nobody guesses a signature");
  return 0;
}
