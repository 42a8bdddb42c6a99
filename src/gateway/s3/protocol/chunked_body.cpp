#include "gateway/s3/protocol/chunked_body.h"

#include "base/check.h"

#include <algorithm>
#include <charconv>

namespace holdfast::s3 {
namespace {

constexpr std::string_view signature_extension = ";chunk-signature=";
constexpr std::string_view trailer_signature_name = "x-amz-trailer-signature";
constexpr std::size_t signature_digits = 64;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

ChunkedDecoder::ChunkedDecoder(Payload payload)
    : has_signatures_(payload != Payload::chunks_with_trailer),
      may_have_trailer_(payload != Payload::signed_chunks) {
  check(payload != Payload::hashed && payload != Payload::not_signed,
        "a chunked body has a payload in chunks");
}

Outcome<std::optional<ChunkedDecoder::Piece>> ChunkedDecoder::next(ByteView& input) {
  check(state_ != State::done, "a body that is done is not read on");
  while (true) {
    switch (state_) {
      case State::size_line: {
        TRY_LET(const auto line, take_line(input));
        if (!line) return std::nullopt;
        TRY(begin_chunk(*line));
        if (left_ > 0) {
          state_ = State::bytes;
          continue;
        }
        state_ = State::trailer_line;
        return Piece{.kind = Kind::chunk_end, .bytes = {}, .signature = signature_};
      }
      case State::bytes: {
        if (input.empty()) return std::nullopt;
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
        const auto bytes = input.first(size);
        input = input.subspan(size);
        left_ -= size;
        if (left_ == 0) state_ = State::bytes_end;
        return Piece{.kind = Kind::bytes, .bytes = bytes, .signature = {}};
      }
      case State::bytes_end: {
        TRY_LET(const auto line, take_line(input));
        if (!line) return std::nullopt;
        if (!line->empty()) return refuse(Code::incomplete_body);
        state_ = State::size_line;
        return Piece{.kind = Kind::chunk_end, .bytes = {}, .signature = signature_};
      }
      case State::trailer_line: {
        TRY_LET(const auto line, take_line(input));
        if (!line) return std::nullopt;
        if (!line->empty()) {
          TRY(add_trailer(*line));
          continue;
        }
        TRY(end_trailer(input));
        return Piece{.kind = Kind::done, .bytes = {}, .signature = {}};
      }
      case State::trailer_end: {
        TRY_LET(const auto line, take_line(input));
        if (!line) return std::nullopt;
        if (!line->empty()) return refuse(Code::incomplete_body);
        state_ = State::trailer_line;
        continue;
      }
      case State::done:
        return std::nullopt;
    }
  }
}

// The next line without its CRLF, once it is whole. A field of the trailer may have an LF instead,
// and the CRLF behind it.
Outcome<std::optional<std::string>> ChunkedDecoder::take_line(ByteView& input) {
  const auto text = as_text(input);
  const auto end = text.find('\n');
  const auto taken = end == text.npos ? text.size() : end + 1;
  // Where exactly CRLF follows, do not wait for a line that cannot be right.
  const bool is_end = state_ == State::bytes_end || state_ == State::trailer_end;
  const auto limit = is_end ? 2 : line_bytes_max;
  if (line_.size() + taken > limit) return refuse(Code::incomplete_body);
  line_.append(text.substr(0, taken));
  input = input.subspan(taken);
  if (end == text.npos) return std::nullopt;
  if (line_.ends_with("\r\n")) {
    line_.resize(line_.size() - 2);
  } else if (state_ == State::trailer_line && line_.size() > 1) {
    line_.resize(line_.size() - 1);
    state_ = State::trailer_end;
  } else {
    return refuse(Code::incomplete_body);
  }
  return std::exchange(line_, {});
}

Outcome<void> ChunkedDecoder::begin_chunk(std::string_view line) {
  if (has_signatures_) {
    const auto at = line.find(signature_extension);
    if (at == line.npos) return refuse(Code::incomplete_body);
    signature_ = line.substr(at + signature_extension.size());
    if (signature_.size() != signature_digits || !is_hex(signature_)) {
      return refuse(Code::incomplete_body);
    }
    line = line.substr(0, at);
  }
  if (line.empty() || !is_hex(line)) return refuse(Code::incomplete_body);
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  if (failure != std::errc()) return refuse(Code::incomplete_body);
  ++chunk_number_;
  if (left_ > 0 && small_chunk_ != 0) {
    return refuse(S3Error(Code::invalid_chunk_size)
                      .with("Chunk", std::to_string(small_chunk_))
                      .with("BadChunkSize", std::to_string(small_chunk_bytes_)));
  }
  if (left_ > 0 && left_ < chunk_bytes_min) {
    small_chunk_ = chunk_number_;
    small_chunk_bytes_ = left_;
  }
  return {};
}

Outcome<void> ChunkedDecoder::add_trailer(std::string_view line) {
  const auto colon = line.find(':');
  std::string name(trim(line.substr(0, colon)));
  if (!may_have_trailer_ || colon == line.npos) return refuse(Code::incomplete_body);
  if (name.empty() || trailer_.size() >= trailer_count_max || !trailer_signature_.empty()) {
    return refuse(Code::malformed_trailer);
  }
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  const auto value = trim(line.substr(colon + 1));
  if (name == trailer_signature_name) {
    if (!has_signatures_ || value.size() != signature_digits || !is_hex(value)) {
      return refuse(Code::incomplete_body);
    }
    trailer_signature_ = value;
    return {};
  }
  // Behind the one field that a signature is made over comes the signature.
  if (has_signatures_ && !trailer_.empty()) return refuse(Code::incomplete_body);
  trailer_.emplace_back(std::move(name), value);
  return {};
}

Outcome<void> ChunkedDecoder::end_trailer(ByteView rest) {
  if (has_signatures_ && may_have_trailer_ && trailer_.empty()) {
    return refuse(Code::malformed_trailer);
  }
  state_ = State::done;
  // Nothing may follow that nobody would verify.
  if (!rest.empty()) return refuse(Code::incomplete_body);
  return {};
}

std::string ChunkedDecoder::trailer_text() const {
  std::string text;
  for (const auto& [name, value] : trailer_) {
    text.append(name).append(":").append(value).append("\n");
  }
  return text;
}

}  // namespace holdfast::s3
