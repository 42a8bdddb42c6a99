// Table: rows of one kind, for people or as JSON, from one description.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::cli {

// How a column shows what it holds to people. JSON has plain numbers and RFC 3339 times.
enum class Shows { text, count, bytes, time, toggle };

struct Column {
  std::string name;   // In JSON.
  std::string title;  // For people; empty: shown in JSON only.
  Shows shows = Shows::text;
};

using Cell = std::variant<std::string, std::uint64_t, bool, WallTime>;

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column: text is a string, count and bytes a number.
  void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  bool is_empty() const { return rows_.empty(); }

  // Lines of at most `width` columns: what is too long in the last text column is cut, and
  // control characters are escaped; 0, where no terminal shows them: text as it is.
  std::string to_text(std::size_t width) const;
  // An array of objects, one a line.
  std::string to_json() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// One row as a JSON object, for lists that are too long to hold.
std::string json_object(const std::vector<Column>& columns, const std::vector<Cell>& cells);

}  // namespace holdfast::cli
