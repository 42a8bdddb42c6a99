#include "control.h"

#include <sstream>

namespace holdfast::powercut {
namespace {

// Loss and seed at the end of a command.
bool parse_loss(std::istringstream& words, Loss& loss, std::uint64_t& seed) {
  std::string word = "all";
  words >> word;
  loss = Loss::all;
  if (word == "none") loss = Loss::none;
  if (word == "some") {
    loss = Loss::some;
    return static_cast<bool>(words >> seed);
  }
  return word == "all" || word == "none";
}

bool parse_operation(const std::string& word, Operation& operation) {
  static const std::map<std::string, Operation> operations{{"read", Operation::read},
                                                           {"write", Operation::write},
                                                           {"sync", Operation::sync},
                                                           {"names", Operation::names}};
  const auto found = operations.find(word);
  if (found == operations.end()) return false;
  operation = found->second;
  return true;
}

}  // namespace

bool obey(Volume& volume, const std::string& command) {
  std::istringstream words(command);
  std::string verb;
  words >> verb;
  Loss loss = Loss::all;
  std::uint64_t seed = 0;
  std::uint64_t count = 0;
  if (verb == "cut") {
    if (!parse_loss(words, loss, seed)) return false;
    volume.cut(loss, seed);
  } else if (verb == "after") {
    if (!(words >> count) || !parse_loss(words, loss, seed)) return false;
    volume.cut_after(count, loss, seed);
  } else if (verb == "revive") {
    volume.revive();
  } else if (verb == "fail") {
    std::string kind;
    std::string part;
    Operation operation{};
    if (!(words >> kind >> count) || !parse_operation(kind, operation)) return false;
    words >> part;
    volume.add_fault(operation, part, count);
  } else if (verb == "faults") {
    volume.clear_faults();
  } else {
    return false;
  }
  return true;
}

std::string status(const Volume& volume) {
  std::ostringstream line;
  line << (volume.is_on() ? "on " : "off ") << volume.cuts() << ' ' << volume.changes() << ' '
       << volume.unsynced_names() << '\n';
  return line.str();
}

}  // namespace holdfast::powercut
