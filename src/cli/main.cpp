#include "cli/run.h"

int main(int argument_count, char** arguments) {
  return holdfast::cli::run(argument_count, arguments);
}
