// Changes a table until something fails: `table_writer FOLDER`. For table_test.py.
//
// Batch number n writes row n in one family, its number in another, and adds 1 to a counter in a
// third, so that the state after each batch can be told from any other. Says `found N` when it has
// opened the table and found exactly the state after batch N, `flushed N` when batch N is durable,
// and why it ends.
#include "env/rocksdb/table.h"

#include <stdio.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <random>

namespace holdfast {
namespace {

constexpr env::Family rows = 0;
constexpr env::Family position = 1;
constexpr env::Family counts = 2;
constexpr std::int64_t rows_kept = 3000;  // Older ones are removed.
constexpr std::int64_t batches_per_flush_max = 60;

std::string key(std::int64_t n) {
  return fmt::format("{:012}", n);
}

// Of up to 8 KiB, told from every other.
std::string value(std::int64_t n) {
  std::minstd_rand draw(static_cast<unsigned>(n));
  std::string text(draw() % 8192, '\0');
  for (char& character : text) character = static_cast<char>(draw());
  return text + key(n);
}

env::Batch batch(std::int64_t n) {
  env::Batch all;
  all.put(rows, key(n), value(n));
  all.remove(rows, key(n - rows_kept));
  all.put(position, "position", key(n));
  all.add(counts, "count", {1});
  return all;
}

Task<Result<std::int64_t>> find_position(env::Table& table) {
  CO_TRY_LET(const auto found, co_await table.get(position, "position"));
  const std::int64_t last = found ? std::stoll(*found) : 0;
  CO_TRY_LET(const auto counted, co_await table.get(counts, "count"));
  const std::int64_t count = counted ? env::decode_counters(*counted).at(0) : 0;
  if (count != last) co_return fail(ErrorCode::corrupt, fmt::format("{} counted", count));

  std::int64_t next = std::max<std::int64_t>(1, last - rows_kept + 1);
  bool is_right = true;
  const env::Visitor compare = [&](std::string_view at, std::string_view content) {
    is_right = at == key(next) && content == value(next);
    ++next;
    return is_right ? env::Visit::next() : env::Visit::stop();
  };
  CO_TRY(co_await table.scan({.family = rows}, compare));
  if (!is_right || next != last + 1) {
    co_return fail(ErrorCode::corrupt, fmt::format("wrong at row {} of {}", next - 1, last));
  }
  co_return last;
}

Task<Result<void>> write(std::string folder) {
  env::rocksdb::Options options{.root = std::move(folder),
                                .folder = "table",
                                .families = {{.name = "rows", .point_lookups = true},
                                             {.name = "position"},
                                             {.name = "counts", .counters = true}}};
  options.unflushed_bytes = 2 * mib;
  CO_TRY_LET(const auto table, co_await env::rocksdb::open_table(std::move(options)));
  CO_TRY_LET(std::int64_t n, co_await find_position(*table));
  printf("found %lld\n", static_cast<long long>(n));
  fflush(stdout);
  std::random_device device;
  while (true) {
    for (auto left = device() % batches_per_flush_max; left > 0; --left) {
      CO_TRY(co_await table->apply(batch(n + 1)));
      ++n;
    }
    CO_TRY(co_await table->flush());
    printf("flushed %lld\n", static_cast<long long>(n));
    fflush(stdout);
  }
}

int run(std::string folder) {
  boost::asio::io_context loop;
  boost::asio::co_spawn(
      loop, write(std::move(folder)), [](std::exception_ptr failure, Result<void> result) {
        if (failure) std::rethrow_exception(failure);
        const Error& error = result.error();
        printf("%s: %s\n", std::string(to_string(error.code())).c_str(), error.context().c_str());
      });
  loop.run();
  return 1;
}

}  // namespace
}  // namespace holdfast

int main(int count, char** arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: table_writer FOLDER\n");
    return 2;
  }
  return holdfast::run(arguments[1]);
}
