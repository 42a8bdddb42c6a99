// The program: from the words that were typed to its exit code.
#pragma once

namespace holdfast::cli {

int run(int argument_count, char** arguments);

}  // namespace holdfast::cli
