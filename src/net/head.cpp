#include "net/head.h"

#include "base/number.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>

namespace holdfast::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::size_t fields_max = 256;

// Beast's own limit; callers have bounded the head before it gets here.
constexpr std::uint32_t beast_head_limit = 1u << 30;

// The fields that decide where a body ends, gathered while a head is parsed. Beast has an opinion
// on them too, but lets some of what is doubtful pass.
class BodyFields {
 public:
  // False if the message must be refused.
  bool take(http::field field, std::string_view value) {
    if (field == http::field::content_length) {
      const auto parsed = parse_number<std::uint64_t>(value);
      if (!parsed || (length && *length != *parsed)) return false;
      length = parsed;
    } else if (field == http::field::transfer_encoding) {
      has_unknown_coding = is_chunked || !equals_ignoring_case(value, "chunked");
      is_chunked = true;
    }
    return !(length && is_chunked);
  }

  std::optional<std::uint64_t> length;
  bool is_chunked = false;
  bool has_unknown_coding = false;
};

std::string_view as_std(beast::string_view text) {
  return {text.data(), text.size()};
}

// What both parsers ignore: the other kind of first line, and bodies.
template <bool IsRequest>
class HeadParser : public http::basic_parser<IsRequest> {
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, error_code&) override {
    return 0;
  }
  void on_finish_impl(error_code&) override {}
};

class RequestParser final : public HeadParser<true> {
 public:
  explicit RequestParser(Request& request) : request_(request) {}

  // The status to refuse the request with, or 0.
  unsigned verdict(const error_code& error) const {
    if (status_ != 0) return status_;
    if (error == http::error::bad_version) return 505;
    if (error || !is_header_done()) return 400;
    if (body_.has_unknown_coding) return 501;
    if (body_.is_chunked && version_ < 11) return 400;
    if (host_count_ > 1 || (host_count_ == 0 && version_ >= 11)) return 400;
    return 0;
  }

  RequestTraits traits() const {
    return {.keep_alive = keep_alive(),
            .is_http_1_0 = version_ < 11,
            .expects_continue = expects_continue_ && version_ >= 11};
  }
  const BodyFields& body() const { return body_; }

 private:
  void refuse(unsigned status, error_code& error) {
    status_ = status;
    error = http::error::bad_field;
  }

  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    request_.method.assign(method.data(), method.size());
    request_.target.assign(target.data(), target.size());
    version_ = version;
  }

  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     error_code& error) override {
    if (request_.headers.fields().size() >= fields_max) return refuse(431, error);
    if (!body_.take(field, as_std(value))) return refuse(400, error);
    if (field == http::field::host) ++host_count_;
    if (field == http::field::expect) {
      if (!equals_ignoring_case(as_std(value), "100-continue")) return refuse(417, error);
      expects_continue_ = true;
    }
    request_.headers.add(std::string(name), std::string(value));
  }

  Request& request_;
  BodyFields body_;
  unsigned status_ = 0;
  int version_ = 0;
  int host_count_ = 0;
  bool expects_continue_ = false;
};

class AnswerParser final : public HeadParser<false> {
 public:
  explicit AnswerParser(AnswerHead& head) : head_(head) {}
  const BodyFields& body() const { return body_; }

 private:
  void on_response_impl(int code, beast::string_view, int, error_code&) override {
    head_.status = static_cast<unsigned>(code);
  }
  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     error_code& error) override {
    if (head_.headers.fields().size() >= fields_max || !body_.take(field, as_std(value))) {
      error = http::error::bad_field;
      return;
    }
    head_.headers.add(std::string(name), std::string(value));
  }

  AnswerHead& head_;
  BodyFields body_;
};

// Brings the target into the form that handlers expect: a path, or "*" for OPTIONS, or an authority
// for CONNECT. False if it is none of them.
bool normalise_target(Request& request) {
  if (request.target.starts_with('/') || request.method == "CONNECT") return true;
  if (request.target == "*") return request.method == "OPTIONS";
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(std::string_view(request.target).substr(0, scheme.size()), scheme)) {
      continue;
    }
    const std::size_t path =
        std::min(request.target.find_first_of("/?", scheme.size()), request.target.size());
    request.headers.set("Host", request.target.substr(scheme.size(), path - scheme.size()));
    request.target.erase(0, path);
    if (!request.target.starts_with('/')) request.target.insert(0, 1, '/');
    return true;
  }
  return false;
}

bool may_stand_in_a_first_line(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f;
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view received) {
  while (scanned_ < received.size()) {
    const std::size_t found = received.find('\n', scanned_);
    const bool is_first_line = line_start_ == begin_;
    const std::size_t line_end = std::min(found, received.size());
    if (is_first_line) {
      // What is no HTTP at all is found out at once, not when time is up.
      const auto part = received.substr(scanned_, line_end - scanned_);
      for (const char& c : part) {
        const bool is_before_line_feed = &c == &part.back() && c == '\r';
        if (!may_stand_in_a_first_line(c) && !is_before_line_feed) return State::malformed;
      }
    }
    if (found == std::string_view::npos) {
      scanned_ = received.size();
      return State::incomplete;
    }
    scanned_ = found + 1;
    const std::string_view line = received.substr(line_start_, found - line_start_);
    if (!line.ends_with('\r')) return State::malformed;
    if (line.starts_with(' ') || line.starts_with('\t')) return State::malformed;
    line_start_ = scanned_;
    if (line.size() > 1) continue;
    if (!is_first_line) return State::complete;
    if (begin_ != 0) return State::malformed;
    begin_ = scanned_;
  }
  return State::incomplete;
}

std::expected<RequestTraits, unsigned> parse_request(std::string_view head, Request& request) {
  request.headers.clear();
  RequestParser parser(request);
  parser.header_limit(beast_head_limit);
  parser.body_limit(boost::none);
  error_code error;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (const unsigned status = parser.verdict(error); status != 0) return std::unexpected(status);
  if (!normalise_target(request)) return std::unexpected(400u);
  request.is_chunked = parser.body().is_chunked;
  request.content_length = parser.body().length;
  return parser.traits();
}

Result<AnswerHead> parse_answer(std::string_view head) {
  AnswerHead answer;
  AnswerParser parser(answer);
  parser.header_limit(beast_head_limit);
  parser.body_limit(boost::none);
  error_code error;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error || !parser.is_header_done() || parser.body().has_unknown_coding) {
    return fail(ErrorCode::invalid, "the server's answer is not understood");
  }
  answer.content_length = parser.body().length;
  answer.is_chunked = parser.body().is_chunked;
  answer.keep_alive = parser.keep_alive();
  return answer;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  const std::size_t start = out.size();
  out.append(name).append(": ").append(value);
  for (std::size_t i = start; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) out[i] = ' ';
  }
  out.append("\r\n");
}

void append_head(std::string& out, const ResponseHead& head, Framing framing) {
  out.append("HTTP/1.1 ");
  append_number(out, head.status);
  const auto reason = http::obsolete_reason(http::status(head.status));
  out.append(" ").append(reason.data(), reason.size()).append("\r\n");
  for (const auto& [name, value] : head.headers.fields()) append_field(out, name, value);
  if (framing == Framing::length) {
    out.append("Content-Length: ");
    append_number(out, head.content_length.value_or(0));
    out.append("\r\n");
  } else if (framing == Framing::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
}

}  // namespace holdfast::net
