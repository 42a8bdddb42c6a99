#include "cli/tree/command.h"

#include <algorithm>

namespace holdfast::cli::tree {
namespace {

void walk(Path& path, const std::function<void(const Path&)>& visit) {
  visit(path);
  for (const Command& child : path.back()->children) {
    if (child.is_hidden) continue;
    path.push_back(&child);
    walk(path, visit);
    path.pop_back();
  }
}

}  // namespace

std::string words(const Path& path) {
  std::string text;
  for (const Command* command : path) {
    if (!text.empty()) text += ' ';
    text += command->name;
  }
  return text;
}

Path find(const Command& root, const std::vector<std::string>& names) {
  Path path{&root};
  for (const std::string& name : names) {
    const auto& children = path.back()->children;
    const auto child = std::ranges::find(children, name, &Command::name);
    if (child == children.end()) break;
    path.push_back(&*child);
  }
  return path;
}

std::vector<std::string> visible_names(const Command& command) {
  std::vector<std::string> names;
  for (const Command& child : command.children) {
    if (!child.is_hidden) names.push_back(child.name);
  }
  return names;
}

std::string usage_of(const Option& option) {
  std::string text;
  if (option.letter != 0) text = {'-', option.letter, ',', ' '};
  text += "--" + option.name;
  if (!option.value.empty()) text += " " + option.value;
  return text;
}

void for_each_visible(const Command& root, const std::function<void(const Path&)>& visit) {
  Path path{&root};
  walk(path, visit);
}

}  // namespace holdfast::cli::tree
