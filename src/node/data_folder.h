// The folder of a node's own data, and the socket through which the node is asked. For those on
// either side of it. These calls block for a moment.
#pragma once

#include "base/result.h"
#include "node/settings.h"

#include <string>

namespace holdfast::node {

// Where the socket is: in the folder, or, where that path is too long for a socket, where the
// folder's file `socket` says. Empty when there is none.
Result<std::string> find_socket(const std::string& data_folder);

// Where to put it: the same, choosing a short path below the runtime folder where one is needed,
// and recording it.
Result<std::string> place_socket(const std::string& data_folder, const Variables& variables);

// Makes the folder, and those above it, for its owner only; takes others' rights away from one that
// is there. `denied` where that one is open to others and holds what is not ours.
Result<void> make_data_folder(const std::string& data_folder);

// A file of the data folder that people and scripts read. Written whole, or not at all.
Result<void> write_note(const std::string& path, std::string_view content);
Result<std::string> read_note(const std::string& path, std::size_t size_max);

}  // namespace holdfast::node
