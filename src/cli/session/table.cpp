#include "cli/session/table.h"

#include "cli/session/format.h"
#include "node/message.h"
#include "node/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace holdfast::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t text_columns_min = 8;

std::string for_people(const Column& column, const Cell& cell, bool is_on_terminal) {
  switch (column.shows) {
    case Shows::text:
      return is_on_terminal ? without_controls(std::get<std::string>(cell), Controls::none)
                            : std::get<std::string>(cell);
    case Shows::count:
      return format_count(std::get<std::uint64_t>(cell));
    case Shows::bytes:
      return format_bytes(std::get<std::uint64_t>(cell));
    case Shows::time:
      return format_time(std::get<WallTime>(cell));
    case Shows::toggle:
      return std::get<bool>(cell) ? "yes" : "no";
  }
  return {};
}

struct ToJson {
  std::string operator()(const std::string& text) const { return node::json_string(text); }
  std::string operator()(std::uint64_t number) const { return std::to_string(number); }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(WallTime time) const { return node::json_string(node::to_rfc3339(time)); }
};

bool is_right(const Column& column) {
  return column.shows == Shows::count || column.shows == Shows::bytes;
}

std::string line_of(const std::vector<const Column*>& columns,
                    const std::vector<std::string>& texts, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string text = cut_to(texts[i], widths[i]);
    const std::string filling(widths[i] - columns_of(text), ' ');
    if (i > 0) line += std::string(gap, ' ');
    line += is_right(*columns[i]) ? filling + text : text + filling;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

// Makes the widest column of text narrower, and again, until all fit or none can be.
void shrink(const std::vector<const Column*>& columns, std::vector<std::size_t>& widths,
            std::size_t width) {
  for (;;) {
    const std::size_t total = std::accumulate(widths.begin(), widths.end(), std::size_t{0}) +
                              gap * (widths.empty() ? 0 : widths.size() - 1);
    if (total <= width) return;
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i]->shows != Shows::text || widths[i] <= text_columns_min) continue;
      if (widest == nullptr || widths[i] > *widest) widest = &widths[i];
    }
    if (widest == nullptr) return;
    const std::size_t excess = total - width;
    *widest = std::max(*widest > excess ? *widest - excess : 0, text_columns_min);
  }
}

}  // namespace

std::string Table::to_text(std::size_t width) const {
  std::vector<const Column*> shown;
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns_) {
    if (column.title.empty()) continue;
    shown.push_back(&column);
    lines.front().push_back(column.title);
  }
  for (const auto& row : rows_) {
    auto& line = lines.emplace_back();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!columns_[i].title.empty()) line.push_back(for_people(columns_[i], row[i], width > 0));
    }
  }
  std::vector<std::size_t> widths(shown.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(line[i]));
    }
  }
  if (width > 0) shrink(shown, widths, width);
  std::string text;
  for (const auto& line : lines) text += line_of(shown, line, widths);
  return text;
}

std::string Table::to_json() const {
  std::string text = "[";
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + json_object(columns_, rows_[i]);
  }
  return text + (rows_.empty() ? "]\n" : "\n]\n");
}

std::string json_object(const std::vector<Column>& columns, const std::vector<Cell>& cells) {
  std::string text = "{";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    text += fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", columns[i].name,
                        std::visit(ToJson(), cells[i]));
  }
  return text + "}";
}

}  // namespace holdfast::cli
