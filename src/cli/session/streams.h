// Content whose length shows only at its end: standard input and output, pipes, devices. It goes
// from and to one object, in pieces, as it comes.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "cli/session/session.h"

#include <string>
#include <string_view>

namespace holdfast::cli {

// How a command line calls standard input and output.
inline constexpr std::string_view standard_stream = "-";

// A request that stores an object, as yet without content; its type goes by the key's ending.
net::ClientRequest put_request(const std::string& bucket, const std::string& key);

// `path`: "-" is standard input.
Task<Result<void>> upload_stream(Session& session, NodeClient& node, const std::string& path,
                                 const std::string& bucket, const std::string& key);

// `path`: "-" is standard output.
Task<Result<void>> download_stream(Session& session, NodeClient& node, const std::string& bucket,
                                   const std::string& key, const std::string& path);

}  // namespace holdfast::cli
