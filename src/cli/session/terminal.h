// Terminal: the standard streams, as the command line uses them.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace holdfast::cli {

class Terminal {
 public:
  // Whether a person looks at it.
  bool is_output_shown() const;
  bool is_error_shown() const;
  // Whether a person can be asked.
  bool can_ask() const;

  // Columns of the terminal that shows `standard error`; 80 where nobody knows.
  std::size_t columns() const;

  // To standard output. Fails when it is closed or full. Where a person looks at it, control
  // characters of text are shown and not obeyed; bytes are always exact.
  Result<void> print(std::string_view text);
  Result<void> print(ByteView bytes);
  Result<void> flush();

  // To standard error, at once. As print() does with control characters.
  void say(std::string_view text);
  // The same, with control characters that the terminal is to obey.
  void draw(std::string_view text);

  // A name for a line of text on standard output, which it must not break where a person looks.
  std::string shown(std::string_view name) const;

  // Up to into.size() bytes from standard input; 0 at its end.
  Result<std::size_t> read(MutableByteView into);

  // Asks on the terminal. A secret is not shown while it is typed; interrupting that ends the
  // process as ever. `invalid` without a terminal.
  Result<std::string> ask(std::string_view question);
  Result<std::string> ask_secret(std::string_view question);
  // Only "yes" or "y" is a yes.
  Result<bool> confirm(std::string_view question);
};

}  // namespace holdfast::cli
