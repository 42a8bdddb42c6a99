// Result<T>: a value, or an Error that the caller is expected to deal with.
//
// Three kinds of trouble, three ways: what a caller can act on is returned as an Error; our own bug
// stops the process (base/check.h); an exception of a library is caught at the call into the
// library and becomes an Error.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast {

// Chosen by what the caller does next; each protocol maps all of them in one switch.
enum class ErrorCode {
  not_found,       // It is not there: tell whoever asked.
  already_exists,  // It is there already: pick another name, or be content.
  conflict,     // Somebody else was first or owns it now: stop, or start over from what is there.
  denied,       // Not allowed: ask for other credentials.
  invalid,      // The request makes no sense: do not repeat it.
  unsupported,  // It makes sense, and this version cannot do it.
  corrupt,      // What was read is not what was written: read another copy, repair.
  unavailable,  // Not now: wait and try again.
  timed_out,    // No answer in time; whether it took effect is unknown.
  full,         // No room: free some.
  io,           // The device or the system refused: treat it as suspect.
};

std::string_view to_string(ErrorCode code);

class Error {
 public:
  Error(ErrorCode code, std::string context) : code_(code), context_(std::move(context)) {}

  ErrorCode code() const { return code_; }

  // For people: what was attempted, on what, and why it failed. Never parsed.
  const std::string& context() const { return context_; }

  // The same failure, seen by a caller who knows more: "open vault: disk 3: no such file".
  Error within(std::string_view what) && {
    context_.insert(0, ": ").insert(0, what);
    return std::move(*this);
  }

 private:
  ErrorCode code_;
  std::string context_;
};

// A class of its own, so that the compiler warns when `co_await f();` drops a failure.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> fail(ErrorCode code, std::string context) {
  return std::unexpected(Error(code, std::move(context)));
}

}  // namespace holdfast

// Each leaves the function if the expression holds an error. The _LET forms then declare a
// variable.
//
//   TRY(verify(chunk));                                   in a function
//   TRY_LET(Chunk chunk, decode(bytes));
//   CO_TRY(co_await file.sync());                         in a coroutine
//   CO_TRY_LET(Bytes bytes, co_await read_file(name));
#define TRY(...) RESULT_TRY(return, RESULT_NAME(__LINE__), __VA_ARGS__)
#define CO_TRY(...) RESULT_TRY(co_return, RESULT_NAME(__LINE__), __VA_ARGS__)

#define TRY_LET(declaration, ...) \
  TRY(__VA_ARGS__);               \
  declaration = *std::move(RESULT_NAME(__LINE__))
#define CO_TRY_LET(declaration, ...) \
  CO_TRY(__VA_ARGS__);               \
  declaration = *std::move(RESULT_NAME(__LINE__))

#define RESULT_NAME(line) RESULT_JOIN(result_of_line_, line)
#define RESULT_JOIN(a, b) a##b
#define RESULT_TRY(leave, result, ...) \
  auto result = (__VA_ARGS__);         \
  if (!result) leave std::unexpected(std::move(result).error())
